"""For gdb(1), by build/order: adds the names of the methods that a program calls, in the order of their first calls, to the file ORDER_FILE."""
import os
import subprocess

import gdb

symbols = os.environ["ORDER_SYMBOLS"]


class FirstCall(gdb.Breakpoint):
    def __init__(self, address, name):
        super().__init__(f"*{address}", internal=True)
        self.silent = True
        self.name = name

    def stop(self):
        called.append(self.name)
        self.enabled = False
        return False


def lines(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def managed_code():
    """Where the methods are: what is compiled of C++ is laid out by others."""
    for line in lines("readelf", "-SW", symbols):
        fields = line.replace("[ ", "[").split()
        if len(fields) > 5 and fields[1] == "__managedcode":
            start = int(fields[3], 16)
            return range(start, start + int(fields[5], 16))
    raise gdb.GdbError(f"{symbols} has no methods")


called = []
gdb.execute("set confirm off")
gdb.execute("set detach-on-fork on")
gdb.execute("starti", to_string=True)
code = managed_code()
methods = {}
for line in lines("nm", symbols):
    fields = line.split()
    if len(fields) == 3 and fields[1] in "tT" and int(fields[0], 16) in code:
        methods.setdefault(int(fields[0], 16), fields[2])
breakpoints = [FirstCall(address, name) for address, name in methods.items()]
gdb.execute("continue")
with open(os.environ["ORDER_FILE"], "a", encoding="utf-8") as file:
    file.writelines(name + "\n" for name in called)
print(f"called {len(called)}")
