/* What is not I2C: false exit status, 1, for a name that no scenario has. */
int run_scenario(const char *name, int number);
