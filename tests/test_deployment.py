"""The files of the deployment name what there is, and let nothing out that should stay in."""

import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import PROJECT, Settings

CONFIG = PROJECT / "config"
# Settings of what runs beside the bot's own: which file, the figures' port, the form of the log.
BESIDE = {"BOT_CONFIG", "BOT_METRICS_PORT", "BOT_LOG_FORMAT"}


@pytest.mark.parametrize("name", ["bot.service", "Dockerfile"])
def test_deployment_names_settings_that_exist(name: str) -> None:
    named = set(re.findall(r"\bBOT_[A-Z_]+", (CONFIG / name).read_text("utf-8")))
    assert {"BOT_DATABASE", "BOT_CACHE", "BOT_VERSIONS"} <= named
    assert named <= BESIDE | {f"BOT_{field.upper()}" for field in Settings.model_fields}


def test_deployment_image_copies_what_exists_and_runs_as_nobody() -> None:
    text = (CONFIG / "Dockerfile").read_text("utf-8")
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert (PROJECT / source).exists(), source
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert "pip install" not in last
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", image) for image in images), images
    assert "BOT_TOKEN" not in text


def test_deployment_image_is_built_without_what_is_secret_or_large() -> None:
    lines = (PROJECT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    def is_left_out(path: str) -> bool:
        left_out = False
        for rule in rules:
            pattern = rule.removeprefix("!")
            parts = Path(path).parts
            heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
            if any(fnmatch.fnmatch(head, pattern) for head in heads):
                left_out = not rule.startswith("!")
        return left_out

    for secret in ("config/.env", "config/bot.toml", ".data/bot.sqlite", ".git/config", ".venv/pyvenv.cfg"):
        assert is_left_out(secret), secret
    for needed in (
        "bot/cli/app.py",
        "config/constraints.txt",
        "corpus/hanoi-convention/dan-tri.md",
        "LICENSE",
    ):
        assert not is_left_out(needed), needed


def test_deployment_unit_survives_a_process_that_runs_out_of_memory() -> None:
    assert "\nOOMPolicy=continue\n" in (CONFIG / "bot.service").read_text("utf-8")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="what verifies the unit comes with systemd"
)
def test_deployment_unit_is_valid_and_shut(tmp_path: Path) -> None:
    # Where it is installed stands in the unit; what is verified runs something that is here.
    unit = tmp_path / "telegram-qa-bot.service"
    text = (CONFIG / "bot.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/bot/.venv/bin/python", "/bin/true").replace("/opt/bot", str(tmp_path)))
    command = [str(shutil.which("systemd-analyze"))]
    verified = subprocess.run([*command, "verify", unit], capture_output=True, text=True, check=False)  # noqa: S603
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(  # noqa: S603
        [*command, "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-300:]
