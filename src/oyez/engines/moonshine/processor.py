"""Which 8-bit products this processor computes rightly and fast.

Products of unsigned activations and signed weights are fastest, where the processor adds four of
them up in 32 bits (VNNI on x86, the dot product on Arm). Older x86 processors add two in 16 bits
first: 255 * 127 + 255 * 127 does not fit and is cut off without a word. Products of unsigned bytes
are widened before they are added, on every processor, and give the same sums as signed ones do
where those are right. (Under valgrind, which has AVX2 and no VNNI, vectors made with signed weights
are 7 % off, and those made with unsigned ones are what they should be.)
"""

import platform
import sys
from pathlib import Path

from oyez.engines.moonshine.convert.kernels import Numbers

_CPUINFO = Path("/proc/cpuinfo")
_X86 = frozenset({"x86_64", "amd64"})
_ARM = frozenset({"aarch64", "arm64"})
_ADDS_IN_32_BITS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""What Linux calls the abilities; all cores of a machine have them or none has."""


def best_numbers() -> Numbers:
    """Return what weights are multiplied as on this machine."""
    try:
        cpuinfo = _CPUINFO.read_text("utf-8", errors="replace")
    except OSError:
        cpuinfo = ""
    return numbers_for(sys.platform, platform.machine(), cpuinfo)


def numbers_for(system: str, machine: str, cpuinfo: str) -> Numbers:
    """Return what weights are multiplied as on a machine: signed only where that is known right.

    Args:
        system: As `sys.platform` names it.
        machine: As `platform.machine` names it.
        cpuinfo: What Linux says about the processor; empty elsewhere.
    """
    if system == "darwin" and machine.lower() in _ARM:
        return Numbers.SIGNED  # Apple's own processors have had the dot product since the first Mac
    if machine.lower() not in _X86 | _ARM:
        return Numbers.UNSIGNED
    for line in cpuinfo.splitlines():
        name, _, abilities = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            is_right = not _ADDS_IN_32_BITS.isdisjoint(abilities.split())
            return Numbers.SIGNED if is_right else Numbers.UNSIGNED
    return Numbers.UNSIGNED
