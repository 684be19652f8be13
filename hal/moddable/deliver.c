/* From drivers' interrupts to JavaScript through the Moddable SDK's messages; what moddable.js declares. */
#include "xsmc.h"
#include "xsHost.h"
#include "chip.h"
#include "native.h"

#ifdef ESP_PLATFORM
#include <freertos/FreeRTOS.h>
#endif

/* The SDK declares it where its own drivers see it only. */
extern int modMessagePostToMachineFromISR(xsMachine *the, modMessageDeliver callback, void *refcon);

static xsMachine *machine;
static volatile bool posted;

static void deliver(void *the, void *refcon, uint8_t *message, uint16_t messageLength)
{
	(void)refcon, (void)message, (void)messageLength;
	/* What comes from here on is told of again. */
	posted = false;
	while (native_deliver(the))
		modWatchDogReset();
	native_idle(the);
}

void native_opened(xsMachine *the)
{
	machine = the;
}

/* FreeRTOS has one call for interrupts and another for tasks; the Pico's SDK takes the first from anywhere. */
static bool post(void)
{
#ifdef ESP_PLATFORM
	if (!xPortInIsrContext())
		return modMessagePostToMachine(machine, NULL, 0, deliver, NULL) == 0;
#endif
	return modMessagePostToMachineFromISR(machine, deliver, NULL) == 0;
}

void port_notify(void)
{
	/* One at a time: the SDK has four messages for all interrupts. */
	if (posted || !machine)
		return;
	posted = true;
	if (!post())
		posted = false;
}

/* Nothing here accounts for its time. */
void crypto_enter(void) {}
void crypto_leave(void) {}
void idle_enter(void) {}
void idle_leave(void) {}

void xs_moddable_boot(xsMachine *the)
{
	static const char *const identities[] = {
		[IDENTITY_NONE] = "identity: none in flash\n",
		[IDENTITY_DAMAGED] = "identity: damaged, not used\n",
		[IDENTITY_GOOD] = "identity: from flash\n",
	};
	if (!random_start())
		fatal("no random number generator", NULL);
	measure_code();
	console_write(identities[identity_start()]);
	(void)the;
}

void xs_moddable_debugging(xsMachine *the)
{
#ifdef mxDebug
	xsmcSetTrue(xsResult);
#else
	xsmcSetFalse(xsResult);
#endif
}
