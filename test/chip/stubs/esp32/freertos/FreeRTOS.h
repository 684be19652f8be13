#pragma once
#include <stdint.h>
typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
#define pdPASS 1
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
typedef int portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED 0
void fake_lock(portMUX_TYPE *lock);
void fake_unlock(portMUX_TYPE *lock);
#define portENTER_CRITICAL(lock) fake_lock(lock)
#define portEXIT_CRITICAL(lock) fake_unlock(lock)
#define portENTER_CRITICAL_ISR(lock) fake_lock(lock)
#define portEXIT_CRITICAL_ISR(lock) fake_unlock(lock)
