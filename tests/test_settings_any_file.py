"""Any files of settings are read, or refused with a line for each mistake that holds no secret."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import settings as bot_settings
from bot.cli.settings_loading import SettingsError, load_settings
from bot.settings import Settings

FILES = int(os.environ.get("GENERATED_SETTINGS", "150"))
SECRET = "123456:AAH-secret-secret"  # noqa: S105 - nobody's

VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "1",
                "-1",
                "1e9",
                "true",
                "[]",
                "{}",
                '""',
                '"x"',
                "'x",
                "[[1",
                "1" * 5_000,
                "[" * 2_000,
                "nan",
            ),
            *(
                '"https://a.org/{text}"',
                "https://[",
                "socks5://a:b@c:1",
                "7,8",
                "[7, 8]",
                '"[7,"',
                "~nobody/x",
                "\0",
            ),
            *(
                SECRET,
                f'"{SECRET}"',
                f'["{SECRET}"]',
                f" {SECRET} ",
                f'"x{SECRET}"',
                "2025-10-26",
                "${HOME}",
                "\\",
            ),
        ]
    ),
    st.text(max_size=20),
)
NAMES = st.one_of(
    st.sampled_from([*Settings.model_fields, "colour", "BOT_TOKEN", "[token]"]), st.text(max_size=8)
)
TOML = st.lists(st.tuples(NAMES, VALUES).map(" = ".join), max_size=5).map("\n".join)
DOTENV = st.lists(
    st.one_of(
        st.tuples(NAMES.map(lambda name: f"BOT_{name.upper()}"), VALUES).map("=".join),
        st.sampled_from(
            [SECRET, f"token {SECRET}", f"export {SECRET}=", "=", "BOT_TOKEN", f"BOT_TOKEN: {SECRET}"]
        ),
        st.text(max_size=20),
    ),
    max_size=5,
).map("\n".join)


@settings(max_examples=FILES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(TOML, DOTENV)
def test_any_files_of_settings_are_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, dotenv: str
) -> None:
    monkeypatch.setattr(bot_settings, "PROJECT", tmp_path)
    for name in list(os.environ):
        if name.startswith("BOT_"):
            monkeypatch.delenv(name)
    (tmp_path / "config").mkdir(exist_ok=True)
    for name, content in (("bot.toml", toml), (".env", dotenv)):
        path = tmp_path / "config" / name
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        path.chmod(0o600)
    try:
        told = load_settings()[1]
    except SettingsError as error:
        told = error.mistakes or ["refused without a reason: secret-secret"]
    assert "secret-secret" not in "".join(told)
