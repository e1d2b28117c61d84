"""Every setting in one place. Defaults work offline: embedded Postgres and Redis, simulated gateways.

`.env.example` documents each variable. A wrong value stops the start with one clear line.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from scrm import environment as env
from scrm.customer_wiring import (  # noqa: F401 - settings by being here
    CALLBACK_WORK,
    CONDITION_FIELDS,
    CUSTOMER_ADVICE,
    CUSTOMER_ADVICE_TAKEN,
    CUSTOMER_BULK,
    CUSTOMER_COLUMNS,
    CUSTOMER_COMPOSER,
    CUSTOMER_DERIVED,
    CUSTOMER_ERASURE,
    CUSTOMER_EXPORTERS,
    CUSTOMER_PANELS,
    CUSTOMER_RESTORED,
    CUSTOMER_STANDING,
    CUSTOMER_TABLES,
    CUSTOMER_TASK_URL,
    ERASERS,
    ERASURE_FINALLY,
    ERASURE_KEPT_UNTIL,
    ERASURE_OBSTACLES,
    EVENT_KINDS,
    NAME_SOURCES,
    ORDER_LINES,
    PROFILE_SOURCES,
    TAG_CHOICES,
)

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("SCRM_DEBUG", True)
TESTING = env.flag("SCRM_TESTING", False)

# --- Secrets -------------------------------------------------------------------------------------
_DEVELOPMENT_KEY = "development-only-key-never-use-it-where-real-customers-are-0123456789"
SECRET_KEY = env.text("SECRET_KEY", _DEVELOPMENT_KEY if DEBUG else "")
if not SECRET_KEY:
    env.stop("SECRET_KEY is empty; set it to a long random text, or SCRM_DEBUG=1 on your own machine.")
SECRET_KEY_FALLBACKS = [key for key in env.text("SECRET_KEY_FALLBACKS").split(",") if key]
_DEVELOPMENT_DATA_KEY = "ZGV2ZWxvcG1lbnQtb25seS1kYXRhLWtleS0zMmJ5dGU="
if not DEBUG and not env.text("SCRM_DATA_KEY"):
    env.stop("SCRM_DATA_KEY is empty; it encrypts personal data and must be kept with the backups' keys.")
DATA_KEY = env.key32("SCRM_DATA_KEY", _DEVELOPMENT_DATA_KEY)

# --- Servers -------------------------------------------------------------------------------------
STATE_DIR = env.text("SCRM_STATE_DIR")
_database_url, REDIS_URL = env.text("DATABASE_URL"), env.text("REDIS_URL")
if bool(_database_url) != bool(REDIS_URL):
    env.stop("set DATABASE_URL and REDIS_URL together, or neither (then the embedded servers are used).")
if not _database_url:
    from scrm.embedded import server_urls

    _database_url, REDIS_URL = server_urls()


def _connection_options() -> dict[str, Any]:
    # A thread pool per process: web threads and worker threads share at most this many connections.
    return {"pool": {"min_size": 0, "max_size": env.whole_number("SCRM_DB_POOL", 10, 1, 200), "timeout": 10}}


DATABASES: dict[str, dict[str, Any]] = {"default": env.database(_database_url, _connection_options)}
CACHES = {"default": {"BACKEND": "core.cache.ForgivingRedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "scrm"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # Redis may be lost at any time; a log-in may not.

ALLOWED_HOSTS = env.text("SCRM_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver" if DEBUG else "").split(",")
PUBLIC_URL = env.http_url("SCRM_PUBLIC_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Gateways: everything that leaves the house ---------------------------------------------------
PLATFORM_MODE = env.choice("SCRM_PLATFORM_MODE", "sim", ("sim", "live"))
ALLOW_SIM = env.flag("SCRM_ALLOW_SIM", DEBUG)
if PLATFORM_MODE == "sim" and not ALLOW_SIM:
    env.stop("simulated gateways are refused when SCRM_DEBUG=0; set SCRM_PLATFORM_MODE=live, or SCRM_ALLOW_SIM=1 for a demo.")
_KIND = {"sim": ("simulated", "Simulated"), "live": ("live", "Live")}[PLATFORM_MODE]
GATEWAYS = {
    "wecom": f"gateways.wecom.{_KIND[0]}.{_KIND[1]}WeCom",
    "mini": f"gateways.mini.{_KIND[0]}.{_KIND[1]}Mini",
    "pay": f"gateways.pay.{_KIND[0]}.{_KIND[1]}Pay",
    "sms": f"gateways.sms.{_KIND[0]}.{_KIND[1]}Sms",
    "official": f"gateways.official.{_KIND[0]}.{_KIND[1]}Official",
    "llm": f"gateways.llm.{_KIND[0]}.{_KIND[1]}Llm",
    "octo": f"gateways.octo.{_KIND[0]}.{_KIND[1]}Octo",
}
CONNECTORS = {  # kind of source -> who speaks to it; against the simulator or the platform, as PLATFORM_MODE says
    "douyin_life": "gateways.connectors.douyin.DouyinLife",
    "xiaohongshu": "gateways.connectors.xiaohongshu.XiaohongshuLeads",
    "alipay": "gateways.connectors.alipay.AlipayIdentity",
    "ota_file": "gateways.connectors.ota_files.OtaFiles",
}
SIM_URL = env.http_url("SCRM_SIM_URL", "http://127.0.0.1:8801")
_VENDOR_NAMES = (
    "WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_CALLBACK_TOKEN", "WECOM_CALLBACK_AES_KEY",
    "MINI_APP_ID", "MINI_APP_SECRET", "OA_APP_ID", "OA_APP_SECRET",
    "PAY_MCH_ID", "PAY_SERIAL_NO", "PAY_PRIVATE_KEY", "PAY_PUBLIC_KEY_ID", "PAY_PUBLIC_KEY", "PAY_API_V3_KEY",
    "SMS_ACCESS_KEY_ID", "SMS_ACCESS_KEY_SECRET", "SMS_SIGN_NAME", "SMS_TEMPLATE_CODE", "SMS_CALLBACK_TOKEN",
    "DOUYIN_CLIENT_KEY", "DOUYIN_CLIENT_SECRET", "DOUYIN_ACCOUNT_ID", "XHS_APP_ID", "XHS_APP_SECRET",
    "ALIPAY_APP_ID", "ALIPAY_PRIVATE_KEY", "ALIPAY_PUBLIC_KEY", "OTA_FILES_URL", "OTA_FILES_TOKEN",
    "OCTO_BASE_URL", "OCTO_TOKEN",
    "LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL", "LLM_INPUT_PRICE", "LLM_OUTPUT_PRICE",
)  # fmt: skip
VENDORS: dict[str, str] = {name: env.text(name).replace("\\n", "\n") for name in _VENDOR_NAMES}  # PEM keys on one line
if PLATFORM_MODE == "sim":
    from gateways.simulator.defaults import SIM_SETTINGS

    VENDORS = {**SIM_SETTINGS, **{name: value for name, value in VENDORS.items() if value}}
else:
    from gateways.configuration import complaints

    for wrong in complaints(VENDORS):
        env.stop(wrong)

# --- The three tables that show what can start code ------------------------------------------------
SUBSCRIPTIONS = "scrm.subscriptions.SUBSCRIPTIONS"
SCHEDULE = "scrm.schedule.SCHEDULE"
ROOT_URLCONF = "scrm.urls"
# The corp's tag library holds so many tags in all; how often one friendship is told, and how many a run tells.
WECOM_TAG_CAPACITY = env.whole_number("SCRM_WECOM_TAG_CAPACITY", 3_000, 1, 100_000)
WECOM_TAG_PAUSE_SECONDS = env.whole_number("SCRM_WECOM_TAG_PAUSE_SECONDS", 0 if PLATFORM_MODE == "sim" else 300, 0, 86_400)
WECOM_TAG_CALLS_PER_RUN = env.whole_number("SCRM_WECOM_TAG_CALLS_PER_RUN", 200, 1, 5_000)
RIGHTS_WORKING_DAYS = env.whole_number("SCRM_RIGHTS_WORKING_DAYS", 15, 1, 60)
# Several short messages within this time are one request; addresses of these hosts, and mobile numbers of these, may stand
# in what the bot says from written knowledge.
CHAT_BURST_SECONDS = env.whole_number("SCRM_CHAT_BURST_SECONDS", 0 if TESTING else 2, 0, 30)
CHAT_HOSTS = [host for host in env.text("SCRM_CHAT_HOSTS", "").split(",") if host]
CHAT_PHONES = [phone for phone in env.text("SCRM_CHAT_PHONES", "").split(",") if phone]
JOB_LEASE_SECONDS = env.whole_number("SCRM_JOB_LEASE_SECONDS", 30, 2, 3600)
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "scrm.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "axes",
    "csp",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "scrm",
    "core",
    "gateways",
    "staff",
    "customers",
    "messaging",
    "catalog",
    "tagging",
    "membership",
    "orders",
    "merchants",
    "itinerary",
    "service_bot",
    "campaigns",
    "analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "scrm.middleware.CleanInputMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "scrm.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "scrm.middleware.ToastMiddleware",
    "scrm.middleware.ErrorMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]
if TESTING:  # WhiteNoise walks the static tree for every test client: 50 ms a test.
    MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
                "scrm.navigation.shell",
            ],
        },
    },
]
WSGI_APPLICATION = "scrm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Staff log-in ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
LOGIN_URL = "staff:login"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if TESTING:  # Hashing is made slow on purpose; a suite that logs in hundreds of times need not wait.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_LOCKOUT_CALLABLE = "staff.access.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "SCRM"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- Transport security ------------------------------------------------------------------------------
_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG and _https
SECURE_SSL_REDIRECT = not DEBUG and _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("SCRM_BEHIND_PROXY", False) else None
SECURE_HSTS_SECONDS = 31_536_000 if not DEBUG and _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "scrm.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],  # unfold's Alpine build evaluates expressions
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

UNFOLD = {  # the Django admin's looks: the tokens of scrm/static/scrm/app.css
    "SITE_TITLE": "SCRM",
    "SITE_HEADER": "SCRM",
    "SITE_SYMBOL": "landscape",
    "ENVIRONMENT": "scrm.admin.environment",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .018 52)", "100": "oklch(95% .03 52)", "200": "oklch(90% .06 50)", "300": "oklch(84% .1 48)",
            "400": "oklch(76% .14 47)", "500": "oklch(68% .16 44)", "600": "oklch(56% .163 40)", "700": "oklch(50% .15 39)",
            "800": "oklch(42% .12 39)", "900": "oklch(35% .09 40)", "950": "oklch(26% .06 42)",
        },
    },
}  # fmt: skip

# --- Language and time -------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = sorted(BASE_DIR.glob("*/locale"))  # before Django's own catalogues, so that our words win
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- Files -------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = Path(env.text("SCRM_MEDIA_ROOT", str(BASE_DIR / "media")))
# Kept apart from the database's backups: after a restore it says who must be forgotten again.
ERASURE_LIST = Path(env.text("SCRM_ERASURE_LIST", str(MEDIA_ROOT / "private" / "erasures.jsonl")))
if TESTING:
    ERASURE_LIST = Path(tempfile.gettempdir()) / f"scrm-erasures-{os.getpid()}.jsonl"
_manifest = (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not _manifest
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _manifest and not TESTING
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}

# --- Website snippet (/c.js) ----------------------------------------------------------------------------
# The public key that the agency's pages carry, and the origins that may send events with it. No origin: nothing is taken.
WEB_SITE_KEY = env.text("SCRM_WEB_SITE_KEY", "demo" if DEBUG else "")
WEB_ORIGINS = [origin for origin in env.text("SCRM_WEB_ORIGINS", PUBLIC_URL if DEBUG else "").split(",") if origin]

# --- Mini-program API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["customers.api.authentication.MemberTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["customers.api.authentication.IsMember"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api_errors.handle",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` is an undeclared parameter like any other
    "DEFAULT_PAGINATION_CLASS": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Travel-agency SCRM: mini-program API",
    "DESCRIPTION": "What the customer's WeChat mini-program calls. Amounts are whole fen.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/mp/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.openapi.close_bodies",
        "customers.api.schema.add_events_batch",
        "core.openapi.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PurposeEnum": "customers.choices.Purpose.choices",
        "TextKindEnum": "customers.choices.TextKind.choices",
        "RequestKindEnum": "customers.choices.RequestKind.choices",
        "RequestStateEnum": "customers.choices.RequestState.choices",
        "DocumentKindEnum": "customers.choices.DocumentKind.choices",
        "CouponKindEnum": "membership.choices.CouponKind.choices",
        "TaskKindEnum": "membership.choices.TaskKind.choices",
        "MallKindEnum": "membership.choices.MallKind.choices",
        "ServiceKindEnum": "membership.choices.ServiceKind.choices",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"redact": {"()": "core.logs.RedactPersonalData"}, "short": {"()": "core.logs.RefusalsInOneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["short", "redact"]}},
    "root": {"handlers": ["console"], "level": env.choice("SCRM_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
    "loggers": {
        "django": {"handlers": []},  # Django's own handler would print every line a second time, past the net
        "django.request": {"level": "ERROR" if TESTING else "WARNING"},
        "axes": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS = ["security.W021"] if not _https else []
