/* Between what runs JavaScript and native.c. Include it after xsmc.h. */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdbool.h>

/* Board: a port was opened on this machine; frames are to be delivered to it from now on. */
void native_opened(xsMachine *the);

/* Tells JavaScript, port by port, of what waits. True: something still waits. */
bool native_deliver(xsMachine *the);

/* Lets JavaScript work ahead, if it said that it has something to do and nothing waits. */
void native_idle(xsMachine *the);

#endif
