"""Every knob of the product, read from the environment once.

Each variable also stands in `.env.example` and in the README's table; a test keeps them equal.
"""

from __future__ import annotations

from typing import Any

import django_stubs_ext
from kombu import Exchange, Queue

from leadgen import embedded, env

django_stubs_ext.monkeypatch()  # ModelAdmin[Run] is a type at run time too
env.read_dotenv()

BASE_DIR = env.BASE_DIR
# `make demo` sets DEMO for itself and its workers: own database, own files, no outside account.
DEMO = env.flag("DEMO")
VAR_DIR = BASE_DIR / "var"
HOME_DIR = VAR_DIR / "demo" if DEMO else VAR_DIR

# --- Django ------------------------------------------------------------------------------------
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
SUPPRESSION_KEY = env.text("SUPPRESSION_KEY")
for _name, _value in (("SECRET_KEY", SECRET_KEY), ("SUPPRESSION_KEY", SUPPRESSION_KEY)):
    if len(_value) < 32 and not DEBUG:  # noqa: PLR2004
        raise env.ConfigurationError(
            f"{_name} is missing or shorter than 32 characters.",
            "Run `make env`, which writes a .env with random keys, or set it yourself.",
        )
SECRET_KEY = SECRET_KEY or "only-for-debugging-" * 3
SUPPRESSION_KEY = SUPPRESSION_KEY or "only-for-debugging-" * 3

WEB_PORT = env.port("WEB_PORT", 8000)
FLOWER_PORT = env.port("FLOWER_PORT", 5555)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{WEB_PORT}").rstrip("/")
# Health checks ask from within, by this name. Links are made of PUBLIC_URL, never of the name that
# a request says, so nobody gains by saying it from outside.
ALLOWED_HOSTS = [*env.listing("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]"), "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "clients",
    "pipeline",
    "deliveries",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "leadgen.middleware.refuse_nul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "leadgen.urls"
WSGI_APPLICATION = "leadgen.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "leadgen" / "templates"],  # ours in the place of an app's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
_OVER_TLS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _OVER_TLS
SESSION_COOKIE_AGE = 8 * 3600
SECURE_HSTS_SECONDS = 31_536_000 if _OVER_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _OVER_TLS else None
X_FRAME_OPTIONS = "DENY"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "leadgen.formats"
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_TZ = True
NIGHTLY_AT = env.clock("NIGHTLY_AT", "02:00")

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # no collectstatic step between a clone and a working desk

# --- PostgreSQL and Redis ----------------------------------------------------------------------
SERVICES = embedded.Services(VAR_DIR)
EXTERNAL_DATABASE = env.in_environment("DATABASE_URL")
EXTERNAL_REDIS = env.in_environment("REDIS_URL")
DATABASE_URL = env.text("DATABASE_URL") or SERVICES.database_url("leadgen")
REDIS_URL = env.text("REDIS_URL") or SERVICES.redis_url()

_database: dict[str, Any] = env.postgres("DATABASE_URL", DATABASE_URL)
if DEMO:
    _database["NAME"] = f"{_database['NAME']}_demo"
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "connect_timeout": 5,
            # A transaction that nobody finishes must not hold rows for the night.
            "options": "-c lock_timeout=60000 -c idle_in_transaction_session_timeout=300000",
        },
    }
}

# --- Celery: PostgreSQL is the truth, a message is a wake-up call (ADR 0002) ---------------------
CELERY_BROKER_URL = REDIS_URL if EXTERNAL_REDIS else SERVICES.broker_url()
# These two are Celery's defaults, and decided all the same: leases bring a lost chunk back, not the
# broker, and what a task did stands in rows.
CELERY_TASK_ACKS_LATE = False
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 500_000  # KB
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 60
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": EXTERNAL_REDIS,  # a unix socket has none
    "health_check_interval": 25,
    "global_keyprefix": f"{_database['NAME']}:",
}
# One queue per kind of work: a slow mail server never holds up an import.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name)
    for name in ("control", "cpu", "ai", "io", "mail", "notion")
]
CELERY_TASK_ROUTES = {
    "pipeline.validate": {"queue": "cpu"},
    "pipeline.dedupe": {"queue": "cpu"},
    "pipeline.personalize": {"queue": "ai"},
    "pipeline.allocate": {"queue": "cpu"},
    "pipeline.upload": {"queue": "io"},
    "pipeline.notify": {"queue": "mail"},
    "pipeline.log": {"queue": "notion"},
    "pipeline.mail": {"queue": "mail"},
    "pipeline.undo": {"queue": "cpu"},
}
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# --- The chain ---------------------------------------------------------------------------------
LEASE_SECONDS = env.integer("LEASE_SECONDS", 30, at_least=1)
# Doctor expects a tick a minute.
TICK_SECONDS = env.integer("TICK_SECONDS", 10, at_least=1, at_most=60)
STAGE_PATIENCE_MINUTES = env.integer("STAGE_PATIENCE_MINUTES", 30, at_least=0)

# --- Files, links and mail ---------------------------------------------------------------------
MEDIA_ROOT = HOME_DIR / "files"
STORAGES: dict[str, dict[str, Any]] = {
    "default": env.folder(MEDIA_ROOT) if DEMO else env.file_storage("STORAGE_URL", MEDIA_ROOT),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
LINK_DAYS = env.integer("LINK_DAYS", 30, at_least=1, at_most=3_650)

GOOGLE_DRIVE_CREDENTIALS = "" if DEMO else env.text("GOOGLE_DRIVE_CREDENTIALS")
GOOGLE_DRIVE_FOLDER_ID = env.text("GOOGLE_DRIVE_FOLDER_ID")
GOOGLE_DRIVE_BASE_URL = env.text("GOOGLE_DRIVE_BASE_URL", "https://www.googleapis.com")
DRIVE_CONCURRENCY = env.integer("DRIVE_CONCURRENCY", 10, at_least=1)

MAX_LEAD_AGE_DAYS = env.integer("MAX_LEAD_AGE_DAYS", 30, at_least=1)

MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 512, at_least=1)
MAX_ROWS = env.integer("MAX_ROWS", 2_000_000, at_least=1)
MAX_COLUMNS = env.integer("MAX_COLUMNS", 500, at_least=1)
MAX_CELL_KB = env.integer("MAX_CELL_KB", 128, at_least=1)
# What is refused at the import although mail could be sent there (spec V1).
KEEP_DISPOSABLE = env.flag("KEEP_DISPOSABLE")
KEEP_ROLE = env.flag("KEEP_ROLE")
MX_LOOKUP = env.flag("MX_LOOKUP") and not DEMO

# --- Gemini ------------------------------------------------------------------------------------
GEMINI_API_KEY = "" if DEMO else env.text("GEMINI_API_KEY")
GEMINI_MODEL = env.text("GEMINI_MODEL", "gemini-3.5-flash-lite")
GEMINI_BASE_URL = env.text("GEMINI_BASE_URL")
GEMINI_API_VERSION = env.text("GEMINI_API_VERSION", "v1beta")
GEMINI_TIER = env.choice("GEMINI_TIER", "standard", ("standard", "flex"))
# Shared by all workers on all hosts; 0: no limit that we know of.
GEMINI_RPM = env.integer("GEMINI_RPM", 0, at_least=0)
GEMINI_TPM = env.integer("GEMINI_TPM", 0, at_least=0)
GEMINI_CONCURRENCY = env.integer("GEMINI_CONCURRENCY", 100, at_least=1)
# USD per million tokens: gemini-3.5-flash-lite, paid tier, October 2026.
GEMINI_PRICE_IN = env.decimal("GEMINI_PRICE_IN", "0.30")
GEMINI_PRICE_OUT = env.decimal("GEMINI_PRICE_OUT", "2.50")
AI_BUDGET_RUN_CENTS = env.integer("AI_BUDGET_RUN_CENTS", 500, at_least=0)
AI_BUDGET_DAY_CENTS = env.integer("AI_BUDGET_DAY_CENTS", 1000, at_least=0)
AI_PATIENCE_MINUTES = env.integer("AI_PATIENCE_MINUTES", 10, at_least=0)

EMAIL_HOST = "" if DEMO else env.text("EMAIL_HOST")
EMAIL_PORT = env.port("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD")
_EMAIL_TLS = env.choice("EMAIL_TLS", "starttls", ("starttls", "ssl", "none"))
EMAIL_USE_TLS = _EMAIL_TLS == "starttls"
EMAIL_USE_SSL = _EMAIL_TLS == "ssl"
EMAIL_TIMEOUT = 30
EMAIL_FILE_PATH = HOME_DIR / "mail"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "leadgen.integrations.mail.EmlFiles"
)
OPERATOR_EMAILS = env.listing("OPERATOR_EMAILS")
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "AILeadGen <leads@localhost>")

# --- Notion: a log that people read; a mirror of ours -------------------------------------------
NOTION_INTEGRATION_SECRET = "" if DEMO else env.text("NOTION_INTEGRATION_SECRET")
NOTION_DATABASE_ID = env.text("NOTION_DATABASE_ID")
NOTION_DATA_SOURCE_ID = env.text("NOTION_DATA_SOURCE_ID")
NOTION_BASE_URL = env.text("NOTION_BASE_URL", "https://api.notion.com")

# --- Logs --------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper()
_LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "json"))
_LOG_FILE = env.file_to_write("LOG_FILE")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {
            "()": "leadgen.logs.WithExtras",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": _LOG_FORMAT},
        **(
            {
                "file": {
                    "class": "logging.handlers.RotatingFileHandler",
                    "filename": _LOG_FILE,
                    "maxBytes": 20_000_000,
                    "backupCount": 5,
                    "formatter": _LOG_FORMAT,
                }
            }
            if _LOG_FILE
            else {}
        ),
    },
    "root": {"handlers": ["console", *(["file"] if _LOG_FILE else [])], "level": LOG_LEVEL},
}

# --- The desk ----------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "AILeadGen",
    "SITE_HEADER": "AILeadGen",
    "SITE_SUBHEADER": f"All times in {TIME_ZONE}",
    "SITE_SYMBOL": "conveyor_belt",
    "SITE_URL": "",  # there is nothing to view but the desk
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": ["Demo", "warning"] if DEMO else None,
    "DASHBOARD_CALLBACK": "pipeline.dashboard.overview",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "pipeline.dashboard.favicon"}
    ],
    "STYLES": ["pipeline.dashboard.stylesheet"],
    # Overview; lead files, leads, rejected rows; clients, plans, suppressions; runs, deliveries,
    # mails; nightly schedule, services, heartbeats, users.
    "SIDEBAR": {"navigation": "pipeline.admin.sidebar.navigation"},
    "COLORS": {
        "primary": {  # indigo: none of the colours that say good, busy, warning or bad
            "50": "oklch(96.2% .018 272.314)",
            "100": "oklch(93% .034 272.788)",
            "200": "oklch(87% .065 274.039)",
            "300": "oklch(78.5% .115 274.713)",
            "400": "oklch(67.3% .182 276.935)",
            "500": "oklch(58.5% .233 277.117)",
            "600": "oklch(51.1% .262 276.966)",
            "700": "oklch(45.7% .24 277.023)",
            "800": "oklch(39.8% .195 277.366)",
            "900": "oklch(35.9% .144 278.697)",
            "950": "oklch(25.7% .09 281.288)",
        },
    },
}
