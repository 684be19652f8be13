#pragma once
#include <stddef.h>
#include "freertos/FreeRTOS.h"
typedef struct stream_buffer *StreamBufferHandle_t;
StreamBufferHandle_t xStreamBufferCreate(size_t length, size_t triggerLevel);
void vStreamBufferDelete(StreamBufferHandle_t buffer);
size_t xStreamBufferSend(StreamBufferHandle_t buffer, const void *data, size_t length, TickType_t ticks);
size_t xStreamBufferReceive(StreamBufferHandle_t buffer, void *into, size_t capacity, TickType_t ticks);
size_t xStreamBufferBytesAvailable(StreamBufferHandle_t buffer);
