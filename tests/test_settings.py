"""Settings come from three places, and a wrong one is named with what to do."""

from pathlib import Path

import pytest

from bot import settings
from bot.cli.settings_loading import SettingsError, load_settings


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"BOT_{name.upper()}", raising=False)
    monkeypatch.delenv("BOT_CONFIG", raising=False)
    (tmp_path / "config").mkdir()
    return tmp_path


def mistakes() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.mistakes


def test_settings_prefer_environment_to_dotenv_to_toml(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "config" / "bot.toml").write_text('passages = 2\nlog_level = "ERROR"\nadmin_ids = [1, 2]\n')
    (project / "config" / ".env").write_text("BOT_PASSAGES=3\nBOT_LOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("BOT_PASSAGES", "4")
    loaded, warnings = load_settings()
    assert (loaded.passages, loaded.log_level, loaded.admin_ids) == (4, "DEBUG", (1, 2))
    assert warnings == []


def test_settings_files_may_begin_with_a_mark(project: Path) -> None:
    (project / "config" / "bot.toml").write_text("passages = 2\n", "utf-8-sig")
    (project / "config" / ".env").write_text("BOT_LOG_LEVEL=DEBUG\n", "utf-8-sig")
    loaded, warnings = load_settings()
    assert (loaded.passages, loaded.log_level, warnings) == (2, "DEBUG", [])


def test_settings_file_may_be_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "other.toml").write_text("passages = 7\n")
    monkeypatch.setenv("BOT_CONFIG", "other.toml")
    assert load_settings()[0].passages == 7
    monkeypatch.setenv("BOT_CONFIG", "missing.toml")
    assert mistakes() == [
        f"BOT_CONFIG: the file {project / 'missing.toml'} does not exist; name an existing one or unset it"
    ]


@pytest.mark.parametrize(
    ("text", "ids"), [("7,8", (7, 8)), (" 7 , 8 ", (7, 8)), ("[7, 8]", (7, 8)), ("7", (7,)), ("", ())]
)
def test_settings_admins_are_a_list(monkeypatch: pytest.MonkeyPatch, text: str, ids: tuple[int, ...]) -> None:
    monkeypatch.setenv("BOT_ADMIN_IDS", text)
    assert load_settings()[0].admin_ids == ids


def test_settings_paths_are_meant_from_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_CORPUS", "texts")
    monkeypatch.setenv("BOT_DATABASE", "/elsewhere/log.sqlite")
    loaded, _ = load_settings()
    assert loaded.corpus == project / "texts"
    assert loaded.database == Path("/elsewhere/log.sqlite")


def test_settings_mistakes_are_told_one_a_line_without_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "not-a-token")
    monkeypatch.setenv("BOT_API_URL", "example")
    monkeypatch.setenv("BOT_ADMIN_IDS", "7,x")
    monkeypatch.setenv("BOT_PASSAGES", "0")
    found = mistakes()
    assert [line.split()[1].rstrip(":") for line in found] == [
        "BOT_TOKEN", "BOT_API_URL", "BOT_ADMIN_IDS", "BOT_PASSAGES",
    ]  # fmt: skip
    assert "not-a-token" not in "".join(found)
    assert "(0)" in found[3] or "('0')" in found[3]


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        ("bot.toml", "colour = 1\n", "colour: is not a setting"),
        ("bot.toml", "passages = \n", "cannot be read as TOML"),
        (".env", "BOT_COLOUR=1\n", "colour: is not a setting"),
        (".env", "COLOUR=1\n", "COLOUR: is not a setting"),
        (".env", "BOT_PASSAGES=many\n", "BOT_PASSAGES ('many')"),
    ],
)
def test_settings_files_with_a_mistake_are_named(
    project: Path, name: str, content: str, mistake: str
) -> None:
    path = project / "config" / name
    path.write_text(content)
    (found,) = mistakes()
    assert found.startswith(f"{path}: ")
    assert mistake in found


def test_settings_empty_translate_url_takes_the_button_away(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings()[0].translate_url.startswith("https://translate.google.com/")
    (project / "config" / ".env").write_text("BOT_TRANSLATE_URL=\n")
    assert not load_settings()[0].translate_url
    (project / "config" / ".env").write_text("BOT_TRANSLATE_URL=https://example.org/{text}\n")
    assert load_settings()[0].translate_url == "https://example.org/{text}"
    monkeypatch.setenv("BOT_TRANSLATE_URL", "")
    assert not load_settings()[0].translate_url


@pytest.mark.parametrize(
    "template",
    ["https://example.org/", "ftp://example.org/{text}", "{text}", "https://x/{text}", "https://a.b/{text}{x}",
     "https://a.b/{text", "https://a.b/{text.x}", "https://a.b/{text}{0}"],
)  # fmt: skip
def test_settings_translate_url_must_be_one(monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    monkeypatch.setenv("BOT_TRANSLATE_URL", template)
    (mistake,) = mistakes()
    assert mistake.startswith("environment: BOT_TRANSLATE_URL")
    assert "{text}" in mistake


def test_settings_unknown_variables_are_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT_8080_TCP", "tcp://10.0.0.1")
    assert load_settings()[1] == [
        "the environment variable BOT_PORT_8080_TCP is not a setting and is ignored"
    ]


def test_settings_never_show_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "123456:secret-secret")
    monkeypatch.setenv("BOT_READER_KEY", "sk-secret-secret")
    loaded, _ = load_settings()
    assert "secret-secret" not in repr(loaded) + str(loaded.model_dump())


def test_settings_list_all_that_may_not_be_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "TOKEN": "123456:secret-secret",
        "WEBHOOK_SECRET": "hook-secret",
        "READER_KEY": "sk-secret-secret",
        "PROXY": "http://me:password@host:1",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"BOT_{name}", value)
    assert set(load_settings()[0].list_secrets()) == set(secrets.values())


def test_settings_example_files_name_real_settings(project: Path) -> None:
    examples = Path(settings.__file__).parent.parent / "config"
    lines = (examples / ".env.example").read_text("utf-8").splitlines()
    shown = [line.lstrip("# ") for line in lines if "=" in line]
    (project / "config" / ".env").write_text("\n".join(shown))
    load_settings()
    assert len(shown) == len(settings.Settings.model_fields)


@pytest.mark.parametrize(("mode", "is_warned"), [(0o600, False), (0o640, True), (0o604, True), (0o620, True)])
@pytest.mark.parametrize(
    ("name", "content"),
    [(".env", "BOT_TOKEN=123456:secret-secret\n"), ("bot.toml", 'proxy = "http://a:b@c"\n')],
)
def test_settings_files_with_a_secret_that_others_can_read_are_warned_about(
    project: Path, name: str, content: str, mode: int, *, is_warned: bool
) -> None:
    path = project / "config" / name
    path.write_text(content)
    path.chmod(mode)
    warnings = load_settings()[1]
    assert (
        warnings == [f"{path}: others on this machine can read the secrets in it; run chmod 600 {path}"]
    ) is is_warned
    path.write_text("")
    assert load_settings()[1] == []


@pytest.mark.parametrize(
    "content", ["123456:secret-secret\n", "TOKEN: 123456:secret-secret\n", "export 123456:secret-secret=1\n"]
)
def test_settings_never_show_a_token_that_was_put_down_wrongly(
    project: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "config" / ".env").write_text(content)
    try:
        told = "".join(load_settings()[1])
    except SettingsError as error:
        told = str(error)
    assert "secret-secret" not in told + caplog.text


def test_settings_of_a_chat_reader_name_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_READER", "chat")
    monkeypatch.setenv("BOT_ENCODER", "none")
    assert [line.partition(":")[0] for line in mistakes()] == [
        "BOT_READER_URL", "BOT_READER_MODEL", "BOT_READER",
    ]  # fmt: skip
    monkeypatch.setenv("BOT_READER_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("BOT_READER_MODEL", "some-model")
    monkeypatch.delenv("BOT_ENCODER")
    loaded, warnings = load_settings()
    assert (str(loaded.reader_url), loaded.reader_model) == ("http://127.0.0.1:8000/v1", "some-model")
    assert warnings == []


def test_settings_of_a_chat_reader_that_is_not_chosen_are_warned_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_READER_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("BOT_READER_KEY", "sk-secret-secret")
    assert load_settings()[1] == [
        "BOT_READER_URL is not used: it is for BOT_READER=chat",
        "BOT_READER_KEY is not used: it is for BOT_READER=chat",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("URL", "https://me:secret-secret@host/v1"), ("URL", "https://host/v1?key=secret-secret"),
     ("URL", "secret-secret"), ("KEY", "secret-sécret"), ("KEY", "secret secret"), ("KEY", "secret"),
     ("TIMEOUT_S", "0"), ("TIMEOUT_S", "31"), ("TIMEOUT_S", "nan"), ("", "gpt")],
)  # fmt: skip
def test_settings_of_a_reader_are_refused_without_showing_secrets(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    variable = f"BOT_READER_{name}".rstrip("_")
    monkeypatch.setenv(variable, value)
    (mistake,) = mistakes()
    assert mistake.startswith(f"environment: {variable}")
    assert "secret" not in mistake


def test_settings_mistakes_do_not_show_the_proxy(project: Path) -> None:
    (project / "config" / "bot.toml").write_text('proxy = ["http://me:secret-secret@host"]\n')
    (found,) = mistakes()
    assert "BOT_PROXY" in found
    assert "secret-secret" not in found


@pytest.mark.parametrize(
    ("secret", "is_taken"),
    [("x", False), ("short-1", False), ("long_en0", True), ("x" * 256, True), ("x" * 257, False),
     ("not allowed", False)],
)  # fmt: skip
def test_settings_webhook_secret_is_long_and_plain(
    monkeypatch: pytest.MonkeyPatch, secret: str, *, is_taken: bool
) -> None:
    monkeypatch.setenv("BOT_WEBHOOK_SECRET", secret)
    if is_taken:
        loaded = load_settings()[0].webhook_secret
        assert loaded is not None
        assert loaded.get_secret_value() == secret
    else:
        assert mistakes() == [
            "environment: BOT_WEBHOOK_SECRET: must be 8 to 256 characters of A-Z a-z 0-9 _ -"
        ]


def test_settings_about_is_by_language_and_of_the_articles_beside_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "config" / "bot.toml").write_text('[about]\nen = "the harbour"\nno = "havna"\n')
    assert load_settings()[0].about == {"en": "the harbour", "no": "havna"}
    monkeypatch.setenv("BOT_CORPUS", "others")
    assert load_settings()[0].about == {}
    monkeypatch.setenv("BOT_ABOUT", '{"en": "whales"}')
    assert load_settings()[0].about == {"en": "whales"}
    for wrong, told in (
        ("whales", "must be a table"),
        ('{"xx": "w"}', "'xx'"),
        ('{"en": " "}', "en: must say"),
    ):
        monkeypatch.setenv("BOT_ABOUT", wrong)
        assert told in mistakes()[0]
