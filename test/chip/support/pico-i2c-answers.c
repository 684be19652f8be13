/* Scenarios of pico-i2c-harness.c, which includes this: answers, and what goes wrong with them. */

static void faults(enum fault fault)
{
	static const unsigned times[] = { 0, 1, 7, 8 };
	enum { LENGTH = 24 };
	for (unsigned i = 0; i < 4; i++) {
		uint64_t longest = 0;
		for (size_t at = 0; at < LENGTH; at++) {
			start(20);
			world.fault = fault;
			world.faultAt = at;
			world.faults = times[i];
			uint64_t begun = world.now;
			require(reply(LENGTH) == (times[i] < 8) && world.faults == 0, "as often as there are attempts");
			longest = world.now - begun > longest ? world.now - begun : longest;
			require(pico_i2c_counters.resent == times[i], "told how often");
			require(pico_i2c_counters.refused == (times[i] == 8), "told of the refusal");
			still_listens();
		}
		printf("%u of %u attempts fail, in %u ms\n", times[i], ATTEMPTS, (unsigned)(longest / 1000));
	}
}

/* Somebody holds the clock while we write. */
static void stuck(void)
{
	static const uint64_t ends[] = { 30, 250, 100000 };
	for (unsigned i = 0; i < 3; i++)
		for (size_t at = 0; at < 24; at++) {
			start(20);
			world.fault = STUCK;
			world.faultAt = at;
			world.faults = 1;
			uint64_t begun = world.now;
			world.freeAt = begun + ends[i] * 1000;
			bool sent = reply(24);
			require(bus_listens(OURS), "listens no more");
			if (at == 23)
				printf("held for %u ms: %s in %u ms, resent %u, reset %u\n", (unsigned)ends[i], sent ? "sent" : "refused",
				       (unsigned)((world.now - begun) / 1000), pico_i2c_counters.resent, pico_i2c_counters.reset);
			world.busyUntil = world.faults = 0;
			still_listens();
		}
}

/* Somebody else's transaction, and its STOP, while ours waits; then ours is lost at a byte, or is not. */
static void others(void)
{
	unsigned runs = 0;
	for (size_t length = 3; length <= 30; length += 9)
		for (unsigned pace = 1; pace <= 12; pace++)
			for (unsigned until = 1; until <= 80; until++)
				for (size_t at = 0; at <= 3; at++, runs++) {
					start(20);
					world.ownPace = pace;
					world.busyUntil = world.now + until;
					world.fault = ARBITRATION;
					world.faults = at < 3;
					world.faultAt = at;
					require(reply(length) && pico_i2c_counters.resent == (at < 3), "sent once the bus is free");
				}
	start(20);
	world.busyUntil = NEVER;
	uint64_t begun = world.now;
	require(!reply(30), "sent on a busy bus");
	printf("others %u, never free: refused in %u ms\n", runs, (unsigned)((world.now - begun) / 1000));
	world.busyUntil = 0;
	still_listens();
}

/* They begin at any moment of our turning and writing, slowly and fast: both frames arrive, once. */
static void turning(void)
{
	unsigned refused = 0, lost = 0, runs = 0;
	for (size_t length = 1; length <= 31; length += 10)
		for (unsigned i = 0; i < 1800; i++, runs++) {
			bool early = i >= 1500;
			unsigned at = early ? i - 1500 : i;
			start(length > 20 ? 2 : 20);
			write_to_us(length);
			if (early)
				bus_run(at);
			else
				world.startAt = world.now + at;
			require(reply(10), "sent while they write");
			until_written();
			expect(1, "received while we write");
			refused += world.refused != 0;
			lost += pico_i2c_counters.lost;
		}
	printf("turned %u times, refused %s, left amid a frame %s\n", runs, refused ? "some" : "none", lost ? "some" : "none");
}

/* They fall silent amid a frame, which counts as nothing, and write all of it later. */
static void silent(bool holds)
{
	start(20);
	write_to_us(9);
	world.holds = holds;
	world.diesAt = 4;
	bus_run(1000);
	uint64_t begun = world.now;
	bool sent = reply(10);
	printf("silent: %s in %u ms, resent %u, lost %u, reset %u", sent ? "sent" : "refused", (unsigned)((world.now - begun) / 1000),
	       pico_i2c_counters.resent, pico_i2c_counters.lost, pico_i2c_counters.reset);
	until_written();
	expect(1, "the whole of it");
	printf(", then received\n");
}
