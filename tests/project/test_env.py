"""The environment: values are what they are, and what is wrong with one is said without quoting it."""

import os
import subprocess
import sys
import traceback
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from integrations.bling.addresses import ADDRESSES
from project.env import BASE_DIR, Environment, read_environment

SECRET = "p8Zr-4hQw_71xNfKd2Ls9VbTyG6mRcJ0eAuXoHiW3qEaYtMk5SvD"
PRODUCTION = {
    "ENVIRONMENT": "production", "PUBLIC_URL": "https://ponte.example", "ALLOWED_HOSTS": "ponte.example",
    "SECRET_KEY": SECRET, "FIELD_ENCRYPTION_KEYS": "x",
    "KEY_PEPPER": SECRET[::-1],
}  # fmt: skip
GOOD = "postgres://nobody:x@127.0.0.1:1/nothing"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    def with_values(**values: str) -> Environment:
        for name, value in {"DATABASE_URL": GOOD, **values}.items():
            monkeypatch.setenv(name, value)
        return read_environment()

    return with_values


class TestDollars:
    """django-environ takes `$NAME` for the name of another variable."""

    @pytest.mark.parametrize("value", ["$q*eo+c&2!)u9^tpd6f=0szxt6", "$2y$10$abcdef", "$HOME", "$", "a$b"])
    def test_one_at_the_beginning_is_a_character(self, value: str, read: Any) -> None:
        found = read(
            SECRET_KEY=value, BLING_CLIENT_SECRET=value, DEFAULT_FROM_EMAIL=value, EGRESS_ID=value,
            FIELD_ENCRYPTION_KEYS=f"{value},x", SUPPORT_EMAILS=f"{value},a@b.example", HEARTBEAT_NAME=value,
            BLING_CLIENT_ID=value,
        )  # fmt: skip
        assert {
            found.secret_key, found.bling_client_secret, found.default_from_email, found.egress_id,
            found.heartbeat_name, found.bling_client_id, found.field_encryption_keys[0], found.support_emails[0],
        } == {value}  # fmt: skip

    def test_of_a_variable_that_exists_it_is_not_the_value(self, read: Any) -> None:
        assert read(OTHER="estranho", BLING_CLIENT_SECRET="$OTHER").bling_client_secret == "$OTHER"
        with pytest.raises(ImproperlyConfigured, match=r"^TICK_THREADS is malformed"):
            read(OTHER="8", TICK_THREADS="$OTHER")
        with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must name"):
            read(OTHER=GOOD, DATABASE_URL="$OTHER")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TICK_THREADS", "oito"), ("SYNC_HOURS", "5h,17h"), ("QUEUE_WORKERS", "4,5"), ("DATABASE_CONN_MAX_AGE", "1m")],
)
def test_a_number_that_is_none_is_named(name: str, value: str, read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} is malformed"):
        read(**{name: value})


WRITES = {"BLING_WRITE_CLIENT_ID": "escreve", "BLING_WRITE_CLIENT_SECRET": "x"}


def test_the_ids_of_scopes_are_numbers(read: Any) -> None:
    assert read(BLING_WRITE_SCOPES="98302, 98310", **WRITES).bling_write_scopes == ["98302", "98310"]
    with pytest.raises(ImproperlyConfigured, match="BLING_WRITE_SCOPES"):
        read(BLING_WRITE_SCOPES="98302,contas-pagar", **WRITES)


@pytest.mark.parametrize("wrong", [{"BLING_WRITE_CLIENT_SECRET": ""}, {"BLING_CLIENT_ID": "escreve"}])
def test_the_app_that_writes_is_another_one_with_its_secret(wrong: dict[str, str], read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="BLING_WRITE_CLIENT_ID"):
        read(**{**WRITES, **wrong})


class TestDatabase:
    @pytest.mark.parametrize(
        "password", ["zw?ss", "12?ss", "zw/ss", "12/ss", "zw/s#s", "12/s#s", "12/s?s", "x@1/ss", "x@1?ss", "x@1/s#s"]
    )
    def test_a_character_that_ends_the_password_is_explained(self, password: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            read(DATABASE_URL=f"postgres://ana:{password}@db.example:5432/nome")
        said = "".join(traceback.format_exception(caught.value)[-1:])
        assert "DATABASE_URL cannot be read" in said
        assert '"/" as %2F, "?" as %3F' in said
        assert caught.value.__context__ is None
        assert password[:2] not in said.replace("%3F", "")
        assert "ana" not in said

    @pytest.mark.parametrize(
        ("typed", "password"),
        [
            ("pa%3Fss", "pa?ss"), ("pa%2Fs%23s", "pa/s#s"), ("pa#ss", "pa#ss"), ("p@ss", "p@ss"), ("100%", "100%"),
            ("$enha", "$enha"), ("p$a", "p$a"), ("p[a", "p[a"), ("a:b", "a:b"),
        ],
    )  # fmt: skip
    def test_others_are_read(self, typed: str, password: str, read: Any) -> None:
        found = read(DATABASE_URL=f"postgres://ana:{typed}@db.example:5432/nome").database
        assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
            "ana", password, "db.example", 5432, "nome",
        )  # fmt: skip

    @pytest.mark.parametrize("url", ["//ana:senha@h/n", "ana:senha@h/n", "mysql://ana:senha@h/n", "db.example"])
    def test_what_is_no_postgresql_is_refused_without_a_word_of_it(
        self, url: str, read: Any, recwarn: pytest.WarningsRecorder
    ) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must name a PostgreSQL database") as caught:
            read(DATABASE_URL=url)
        assert "senha" not in str(caught.value)
        assert not recwarn.list

    def test_a_socket_and_options_are_read(self, read: Any) -> None:
        assert read(DATABASE_URL="postgres:////run/postgresql/nome").database["HOST"] == "/run/postgresql"
        assert read(DATABASE_URL="postgresql://ana:@/n?host=/home/a@b/x").database["OPTIONS"]["host"] == "/home/a@b/x"
        assert read(DATABASE_URL=f"{GOOD}?sslmode=require").database["OPTIONS"]["sslmode"] == "require"


class TestEmail:
    @pytest.mark.parametrize(
        "url",
        [
            "smtp.example.com:587", "smtp://", "smtp+tls://ana:senha@", "smtp+tls://ana:se/nha@h:587",
            "smtp+tls://ana:12/nha@h:587", "smtp+tls://ana:12#nha@h:587", "smtp+tls://ana:12?nha@h:587",
            "smtp+tls://ana:senha@h:porta", "smtp+tls://ana:senha@h:99999", "smtp+tls://ana:senha@h:0",
            "smtp+tls://ana:senha@h/pasta", "smtp+tls://ana:senha@h:587?ssl=1", "smtp://ana:senha@h?email_use_tls=nao",
            "https://ana:senha@h", "consolemail", "consolemail://senha", "filemail://", "ana:senha@h", "smtp://[h",
        ],
    )  # fmt: skip
    def test_an_odd_one_is_a_sentence_with_an_example(self, url: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            read(EMAIL_URL=url)
        said = str(caught.value)
        assert said.startswith("EMAIL_URL names no way to send mails, e.g. smtp+tls://user:password@host:587")
        assert "senha" not in said
        assert "nha" not in said
        assert caught.value.__context__ is None

    @pytest.mark.parametrize(
        ("url", "values"),
        [
            ("", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
            (
                "smtp+tls://ana@b.example:s%2Fa@h:587",
                {"EMAIL_HOST_USER": "ana@b.example", "EMAIL_HOST_PASSWORD": "s/a"},
            ),
            ("smtp+ssl://h:465", {"EMAIL_USE_SSL": True, "EMAIL_HOST": "h", "EMAIL_PORT": 465}),
            ("smtp://h/?email_use_tls=True", {"EMAIL_USE_TLS": "True"}),
            ("filemail:///tmp/x", {"EMAIL_FILE_PATH": "tmp/x"}),
            ("dummymail://", {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}),
        ],
    )
    def test_a_usual_one_is_read(self, url: str, values: dict[str, Any], read: Any) -> None:
        found = read(EMAIL_URL=url).email
        assert {name: found[name] for name in values} == values

    def test_the_settings_speak_as_the_address_says(self) -> None:
        script = "from django.conf import settings as s; print(s.EMAIL_PORT, s.EMAIL_USE_SSL, s.EMAIL_USE_TLS)"
        values = {
            "DJANGO_SETTINGS_MODULE": "project.settings", "DATABASE_URL": GOOD, "SECRET_KEY": "x",
            "FIELD_ENCRYPTION_KEYS": "x", "EMAIL_URL": "smtp+ssl://ana:senha@h:465",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=BASE_DIR,
            env={**os.environ, **values},
            text=True,
            stdout=subprocess.PIPE,
        )
        assert done.stdout.split() == ["465", "True", "False"]


class TestAddresses:
    @pytest.mark.parametrize("value", ["https://evil.example/Api/v3", "http://api.bling.com.br/Api/v3", "", "bling"])
    @pytest.mark.parametrize("name", ADDRESSES)
    def test_tokens_go_to_bling_alone(self, name: str, value: str, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match=rf"^{name}: .*TEST_HOSTS"):
            read(**{name: value})

    def test_a_sandbox_is_named(self, read: Any) -> None:
        found = read(BLING_API_URL="http://127.0.0.1:9000/bling", TEST_HOSTS="127.0.0.1")
        assert found.bling_addresses == {**ADDRESSES, "BLING_API_URL": "http://127.0.0.1:9000/bling"}

    def test_production_has_none(self, read: Any) -> None:
        with pytest.raises(ImproperlyConfigured, match="ALLOW_TEST_HOSTS"):
            read(**PRODUCTION, TEST_HOSTS="caixa.example")
        assert read(**PRODUCTION, TEST_HOSTS="caixa.example", ALLOW_TEST_HOSTS="true").test_hosts == ["caixa.example"]


class TestSafety:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DEBUG", "true"), ("ALLOWED_HOSTS", "*"), ("ALLOWED_HOSTS", "ponte.example,*"), ("ALLOWED_HOSTS", ""),
            ("SECRET_KEY", "x"), ("SECRET_KEY", SECRET[:49]), ("SECRET_KEY", "abcd" * 20),
            ("FIELD_ENCRYPTION_KEYS", SECRET), ("KEY_PEPPER", SECRET), ("KEY_PEPPER", "x" * 40),
            ("KEY_PEPPER", SECRET[:31]),
        ],
    )  # fmt: skip
    def test_production_that_is_open_to_strangers_does_not_start(self, name: str, value: str, read: Any) -> None:
        assert read(**PRODUCTION).is_production
        with pytest.raises(ImproperlyConfigured, match=name) as caught:
            read(**{**PRODUCTION, name: value})
        assert SECRET[:20] not in str(caught.value)

    def test_another_host_s_database_is_of_no_machine_that_nobody_named(
        self, read: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("ENVIRONMENT", raising=False)
        with pytest.raises(ImproperlyConfigured, match="ENVIRONMENT is not set"):
            read(DATABASE_URL="postgres://u:p@db.example:5432/nome")
        for near in (GOOD, "postgres://u:p@/nome?host=/var/run/postgresql", "postgres://u:p@localhost/nome"):
            assert not read(DATABASE_URL=near).is_production
        assert not read(DATABASE_URL="postgres://u:p@db.example:5432/nome", ENVIRONMENT="local").is_production
