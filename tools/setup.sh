#!/bin/sh
# Installs what is missing, once: Debian's or Ubuntu's packages, then the npm packages of the lockfile. Says nothing
# where there is nothing to do. What it cannot install it names, with the command to type.
set -eu
cd "$(dirname "$0")/.."

missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need qemu-system-arm qemu-system-arm
need arm-none-eabi-gcc gcc-arm-none-eabi
need gcc gcc
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
need bzip2 bzip2
printf '#include <stdio.h>\n' | arm-none-eabi-gcc -E - >/dev/null 2>&1 || missing="$missing libnewlib-arm-none-eabi"

if [ -n "$missing" ]; then
	install="apt-get install -y --no-install-recommends$missing"
	as=""
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "setup: please install, with your system's package manager:$missing" >&2
		exit 2
	elif [ "$(id -u)" -ne 0 ]; then
		if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
			as="sudo -n"
		else
			echo "setup: not root, and sudo asks for a password. Please type:" >&2
			echo "  sudo apt-get update && sudo $install" >&2
			exit 2
		fi
	fi
	echo "setup: installing$missing"
	$as apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $as $install >/dev/null
fi

# npm writes the lockfile's twin into node_modules last, so an older or absent twin means an unfinished install.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	echo "setup: installing npm packages"
	# Not npm ci: it refuses a lockfile that lacks optional packages of other platforms, as registries' mirrors do.
	npm install --no-save --no-audit --no-fund --loglevel=error
fi
