#pragma once
/* The chip is chosen on the compiler's command line: -DCONFIG_IDF_TARGET_…=1. */
