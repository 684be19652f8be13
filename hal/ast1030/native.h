/* Between the main loop and native.c. Include it after xsmc.h. */
#ifndef NATIVE_H
#define NATIVE_H

/* Tells JavaScript of the frames that wait. */
void native_deliver(xsMachine *the);

/* Lets JavaScript work ahead, if it said that it has something to do and no frame waits. */
void native_idle(xsMachine *the);

#endif
