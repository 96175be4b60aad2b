"""Plant bugs in a copy of the package, one at a time, and see that the quick tests notice each of them.

    python tests/science/mutants.py [-v] [NAME ...]

A bug is a piece of source text replaced by another. Where the text is no longer found the bug has to be planned anew,
and that counts as a failure too. Exits with 1 when a bug survives. Property tests try few examples here, so what is
noticed is noticed early; tests named in KNOWN_FAILURES (file::test, separated by blanks) are left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["test_mechanisms.py", "test_random.py", "test_priors.py", "test_limiting_cases.py", "test_reference.py"]
QUICK += ["test_metamorphic.py", "test_invariants.py"]

BUGS: dict[str, tuple[str, str, str]] = {
    # name: (file, what stands there, what is put in its place)
    "sanctions lift trade": ("mechanisms/trade.py", "change -= bite * barrier", "change += bite * barrier"),
    "fear is not mutual in trade": ("mechanisms/trade.py", "(fear + transpose(fear))", "(fear + fear)"),
    "home share of sales": ("mechanisms/trade.py", "/ trade.sum(axis=1)\n", "/ trade.sum(axis=2)\n"),
    "trade shares of exports only": ("mechanisms/trade.py", "trade + transpose(trade)", "trade + trade"),
    "barrier of one direction": ("mechanisms/sanctions.py", "np.maximum(felt, transpose(felt))", "felt.copy()"),
    "the sender evades": ("mechanisms/sanctions.py", "know_how[:, None, :]", "know_how[:, :, None]"),
    "isolation of senders": ("mechanisms/sanctions.py", "rsi->ri", "ris->ri"),
    "estrangement by the sender": (
        "mechanisms/sanctions.py",
        "change * transpose(p.hostility)",
        "change * p.hostility",
    ),
    "the stronger fears": ("mechanisms/secondary_sanctions.py", "(sender - own)", "(own - sender)"),
    "deliveries by recipient": ("mechanisms/arms.py", "asked = requests.sum(axis=2)", "asked = requests.sum(axis=1)"),
    "need shrinks in war": ("mechanisms/arms.py", "np.maximum(war - war_at_eve", "np.maximum(war_at_eve - war"),
    "foes bid": ("mechanisms/arms.py", "np.divide(alignment, willing", "np.divide(-alignment, willing"),
    "no embargo": ("mechanisms/arms.py", "1.0 - p.embargo_effect * embargo", "1.0 - p.embargo_effect * embargo * 0.9"),
    "open hostility leaves a way": ("mechanisms/arms.py", "1.0 - 0.99 * hostility", "1.0 - 0.9 * hostility"),
    "cooled wars ask for more": (
        "mechanisms/arms.py",
        "return np.minimum(1.0, share)",
        "return np.maximum(1.0, share)",
    ),
    "exposed by enforcers' trade": (
        "mechanisms/secondary_sanctions.py",
        "trade_share[:, :, enforcers])\n    return",
        "trade_share.swapaxes(1, 2)[:, :, enforcers])\n    return",
    ),
    "suppliers localise": ("mechanisms/arms.py", "at_war[:, None, :]", "at_war[:, :, None]"),
    "trust in the recipient": (
        "mechanisms/trust.py",
        "received - USUAL * transpose(at_eve)",
        "received - USUAL * at_eve",
    ),
    "breaches build trust": ("mechanisms/trust.py", "changed -= p.loss", "changed += p.loss"),
    "oneself as a friend": ("mechanisms/positions.py", "np.where(alone, position,", "np.where(alone, 0.0 * position,"),
    "defiance appeases": ("mechanisms/positions.py", "-= p.defiance[..., 0]", "+= p.defiance[..., 0]"),
    "noise a year": ("mechanisms/positions.py", "1.0 / np.sqrt(12.0)", "1.0 / 12.0"),
    "learning from the ignorant": (
        "mechanisms/evasion.py",
        "know_how[:, None, :] - know_how[:, of, None]",
        "know_how[:, of, None] - know_how[:, None, :]",
    ),
    "no square root of contact": (
        "mechanisms/evasion.py",
        "contact = np.sqrt(trade_share[:, isolated])",
        "contact = trade_share[:, isolated]",
    ),
    "leverage the wrong way": ("mechanisms/dependence.py", "p.leverage * transpose(mine)", "p.leverage * mine"),
    "distance attracts": ("mechanisms/common_interests.py", "np.subtract(p.indifference", "np.add(p.indifference"),
    "attention of one side": (
        "mechanisms/common_interests.py",
        "root[:, :, None] * root[:, None, :]",
        "root[:, :, None] * root[:, :, None]",
    ),
    "friction one way": ("mechanisms/cross_pressure.py", "+ transpose(scene.friction)", "+ scene.friction"),
    "threats by friends": (
        "mechanisms/shared_threat.py",
        "scene.foes * np.sqrt(scene.share)",
        "scene.friends * np.sqrt(scene.share)",
    ),
    "one's own decline": ("mechanisms/capacity.py", "scene.output[:, None, :]", "scene.output[:, :, None]"),
    "armed by what one sends": ("mechanisms/armament.py", "scene.received / (", "scene.stream / ("),
    "self-stigma": ("mechanisms/stigma.py", "[:, :: n + 1] = 0.0", "[:, :: n + 1] *= 1.0"),
    "patron counts as its own rival": ("mechanisms/substitution.py", "return reach - reach.sum", "return -reach.sum"),
    "rivals where I buy": ("mechanisms/oil_rivalry.py", "sales @ transpose(presence)", "presence @ transpose(sales)"),
    "an offer attracts": ("mechanisms/wedge.py", "-scene.drivers.offer", "scene.drivers.offer"),
    "the more willing binds": ("mechanisms/consent.py", "(desire + other) - bend", "(desire + other) + bend"),
    "an event a month late": ("kernel.py", "e.first <= month <= e.last", "e.first < month <= e.last"),
    "an event a month short": ("kernel.py", "e.first <= month <= e.last", "e.first <= month < e.last"),
    "coins of another event": ("kernel.py", "self._happened[:, effect.uncertain]", "self._happened[:, 0]"),
    "raise is set": ("kernel.py", "np.maximum(now, value)", "np.full_like(now, value)"),
    "the eve is overwritten": ("kernel.py", "else values[name].copy()", "else values[name]"),
    "shocks a month late": (
        "kernel.py",
        '"alignment", self.runs, self.pairs, count, first)',
        '"alignment", self.runs, self.pairs, count, first + 1)',
    ),
    "same shock for all runs": (
        "random.py",
        "(runs.astype(np.uint64) + np.uint64(1))",
        "(0 * runs.astype(np.uint64) + np.uint64(1))",
    ),
    "cosine twice": ("random.py", "np.sin(angle)", "np.cos(angle)"),
    "measures are never renewed": (
        "theories/consent.py",
        "if not eve.latest or eve.latest[0].now.drivers is not drivers:",
        "if not eve.latest:",
    ),
    "output of this month in trade": (
        "theories/consent.py",
        "size = np.exp(now.output)",
        "size = np.exp(0.9 * now.output)",
    ),
    "drift is not taken off": ("theories/consent.py", " - eve.know_how_drift", ""),
    "drag heals": ("theories/consent.py", "- p.capacity.drag", "+ p.capacity.drag"),
    "recovery at full speed": ("theories/consent.py", "1.0 - p.capacity.recovery", "1.0 - 2.0 * p.capacity.recovery"),
    "tenders of the eve count again": ("theories/consent.py", "requests -= eve.tender", "requests -= 0.0 * eve.tender"),
    "meetings do not fade": ("theories/consent.py", "p.diplomacy.decay * now.pulse", "now.pulse"),
    "declared views are forgotten": (
        "theories/consent.py",
        "np.where(declared, drivers.position_set, now.innate)",
        "now.innate",
    ),
    "desires start from now": ("theories/consent.py", "desired=eve.z -", "desired=0.99 * eve.z -"),
    "weights are squared": ("theories/consent.py", "effect *= own.weight", "effect *= own.weight * np.abs(own.weight)"),
    "a cut prior is not rescaled": ("mechanisms/priors.py", "bottom + (top - bottom) * np.asarray(u)", "np.asarray(u)"),
    "the attempt is ignored": ("plan/draws.py", "who, attempt)", "who)"),
    "rejected runs keep their draw": ("plan/draws.py", "values[path][rejected] = drawn", "pass"),
}


def survives(bug: tuple[str, str, str], root: Path, verbose: bool) -> str:
    """Why the bug was not noticed, or nothing."""
    name, old, new = bug
    file = root / "src/alignsim" / name
    sound = file.read_text(encoding="utf-8")
    if sound.count(old) < 1:
        return f"{old!r} is not in {name} any more"
    file.write_text(sound.replace(old, new, 1), encoding="utf-8")
    try:
        result = pytest(root)
    finally:
        file.write_text(sound, encoding="utf-8")
    if verbose:
        print("\n".join(line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))))
    return "" if result.returncode == 1 else "no test failed" if result.returncode == 0 else result.stdout[-2000:]


def pytest(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1", "ALIGNSIM_EXAMPLES": "2"}
    tests = [f"tests/{name}" for name in QUICK]
    known = [f"--deselect=tests/{name}" for name in os.environ.get("KNOWN_FAILURES", "").split()]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", *tests]
    return subprocess.run(
        [*command, *known], cwd=root, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def main(arguments: list[str]) -> int:
    verbose = "-v" in arguments
    chosen = [name for name in arguments if name != "-v"] or list(BUGS)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("src", "tests"):
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "bad_scenarios"))
        shutil.copy(ROOT / "pyproject.toml", root)
        sound = pytest(root)
        if sound.returncode:
            print(f"without any planted bug:\n{sound.stdout[-2000:]}")
            return 2
        for name in chosen:
            began = time.perf_counter()
            why = survives(BUGS[name], root, verbose)
            survivors += bool(why)
            took = time.perf_counter() - began
            print(f"{'SURVIVES' if why else 'noticed':8} {took:5.1f} s  {name}  {why}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} planted bugs noticed")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
