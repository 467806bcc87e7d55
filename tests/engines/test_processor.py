import pytest

from oyez.engines.moonshine.convert.kernels import Numbers
from oyez.engines.moonshine.processor import best_numbers, numbers_for


def cpuinfo(name: str, abilities: str) -> str:
    return (
        f"processor\t: 0\nmodel name\t: one\n{name}\t\t: fpu {abilities} last\n\nprocessor\t: 1\n"
    )


@pytest.mark.parametrize(
    ("system", "machine", "text", "numbers"),
    [
        ("linux", "x86_64", cpuinfo("flags", "avx2 avx512f avx512_vnni"), Numbers.SIGNED),
        ("linux", "x86_64", cpuinfo("flags", "avx2 avx_vnni"), Numbers.SIGNED),
        ("linux", "x86_64", cpuinfo("flags", "avx2 fma"), Numbers.UNSIGNED),
        ("linux", "x86_64", cpuinfo("flags", "avx2 avx512f avx512bw"), Numbers.UNSIGNED),
        ("linux", "aarch64", cpuinfo("Features", "asimd asimddp"), Numbers.SIGNED),
        ("linux", "aarch64", cpuinfo("Features", "asimd"), Numbers.UNSIGNED),
        ("darwin", "arm64", "", Numbers.SIGNED),
        ("darwin", "x86_64", "", Numbers.UNSIGNED),
        ("win32", "AMD64", "", Numbers.UNSIGNED),
        ("linux", "riscv64", cpuinfo("flags", "avx512_vnni"), Numbers.UNSIGNED),
        ("linux", "x86_64", "", Numbers.UNSIGNED),
        ("linux", "x86_64", "model name: avx512_vnni\n", Numbers.UNSIGNED),
    ],
)
def test_signed_weights_are_used_only_where_they_are_known_to_be_right(
    system: str, machine: str, text: str, numbers: Numbers
) -> None:
    assert numbers_for(system, machine, text) is numbers


def test_this_machine_never_computes_in_floats() -> None:
    assert best_numbers() in {Numbers.SIGNED, Numbers.UNSIGNED}
