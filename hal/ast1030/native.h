/* Between the main loop and native.c. Include it after xsmc.h. */
#ifndef NATIVE_H
#define NATIVE_H

/* Tells JavaScript of the frames that wait. */
void native_deliver(xsMachine *the);

#endif
