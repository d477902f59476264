"""Django settings. Everything that a host decides comes from `project.env`; nothing else reads the environment."""

from pathlib import Path

import django_stubs_ext

from project.env import read_environment
from project.logs import logging_config
from project.unfold import UNFOLD as UNFOLD

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = read_environment()

SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
PUBLIC_URL = ENV.public_url
IS_PRODUCTION = ENV.is_production

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_q",
    "import_export",
    "ninja",
    "simple_history",
    "integrations.apps.IntegrationsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "project.headers.BrowserRules",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "integrations.login.middleware.WhoActs",
    "integrations.login.middleware.SessionEnd",
    "integrations.login.middleware.RequireFactor",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integrations.login.context.second_factor",
            ]
        },
    }
]

DATABASES = {"default": ENV.database}
DATABASE_ROLE = ENV.database.get("USER", "")
DATABASE_OWNER = ENV.database_owner
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_REDIRECT_URL = "admin:index"

# Log-in (integrations/login): names and passwords, a second factor, limits that all web processes share.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "integrations.login.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Bling → Kamino] "
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "30/5m/ip,10/15m/key"}
ACCOUNT_REAUTHENTICATION_METHODS = ["mfa", "password"]
ALLAUTH_TRUSTED_PROXY_COUNT = ENV.trusted_proxy_count
MFA_ADAPTER = "integrations.login.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Bling → Kamino"
MFA_TOTP_TOLERANCE = 1  # the code before and the next one count as well: clocks differ, and people type slowly
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PRODUCTION
REQUIRE_SECOND_FACTOR = IS_PRODUCTION
SESSION_IDLE_SECONDS = 1800
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "integrations_cache",
        # It counts tries, of passwords and of CPFs: of more entries the first third goes, by name, whatever it counts.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", "Português (Brasil)"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "integrations" / "locale"]
FORMAT_MODULE_PATH = "project.formats"
TIME_ZONE = "America/Sao_Paulo"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Transport security: production runs behind TLS; a local machine has none.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
# The bridge says itself that it needs https: a redirect would let a program send its key once more, and again plainly.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^(b/)?Api/v2/contapagar", r"^api/v1/clientes"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.behind_proxy else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "integrations.views.refused.csrf_failure"

LOGIN_URL = "account_login"
EMAIL_BACKEND = ENV.email["EMAIL_BACKEND"]
EMAIL_HOST = ENV.email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = ENV.email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = ENV.email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = ENV.email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(ENV.email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(ENV.email.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = ENV.email.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = ENV.default_from_email
SCREEN_URLS = ENV.screen_urls
SUPPORT_EMAILS = ENV.support_emails
AUDIT_EMAILS = ENV.audit_emails

LOGGING = logging_config(level=ENV.log_level, json=ENV.log_json)

# Tasks are ticks without payload; all retrying is the business of our own rows (integrations/checks.py holds this).
Q_CLUSTER = {
    "name": "integrations",
    "orm": "default",
    "broker_class": "integrations.broker.Broker",
    "workers": ENV.queue_workers,
    "bulk": 1,
    "queue_limit": 1,
    "timeout": 180,
    "retry": 600,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "poll": 0,
    "guard_cycle": 1,
    "cache": "process",  # it notes how it is every second, for commands that are not used here
    "label": "Fila",
}

IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"

# The outside services. Every limit is a setting, because none of them is promised.
FIELD_ENCRYPTION_KEYS = ENV.field_encryption_keys
KEY_PEPPERS = ENV.key_peppers
BLING_ADDRESSES = ENV.bling_addresses
TEST_HOSTS = ENV.test_hosts
BLING_CLIENT_ID = ENV.bling_client_id
BLING_CLIENT_SECRET = ENV.bling_client_secret
BLING_WRITE_CLIENT_ID = ENV.bling_write_client_id
BLING_WRITE_CLIENT_SECRET = ENV.bling_write_client_secret
BLING_WRITE_SCOPES = ENV.bling_write_scopes
KAMINO_ALLOWED_HOSTS = ENV.kamino_allowed_hosts
EGRESS_ID = ENV.egress_id
HEARTBEAT_NAME = ENV.heartbeat_name
JOURNAL_DIR = ENV.journal_dir
LIMITS = ENV.limits
RUN_SLICE_SECONDS = ENV.run_slice_seconds
SYNC_HOURS = ENV.sync_hours
SYNC_JITTER_MINUTES = ENV.sync_jitter_minutes
TICK_THREADS = ENV.tick_threads
UNCERTAIN_WAIT_SECONDS = ENV.uncertain_wait_seconds
BRIDGE_WAIT_SECONDS = ENV.bridge_wait_seconds
