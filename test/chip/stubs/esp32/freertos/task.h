#pragma once
#include "freertos/FreeRTOS.h"
typedef struct task *TaskHandle_t;
void vTaskDelay(TickType_t ticks);
void vTaskDelete(TaskHandle_t task);
BaseType_t xTaskCreate(void (*body)(void *), const char *name, uint32_t stackLength, void *context, UBaseType_t priority, TaskHandle_t *task);
