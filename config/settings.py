"""All settings, read from the environment; loading them needs no database."""

import os
import secrets
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from config.database import database_settings
from config.oidc import providers
from config.stores import roots, stores

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = environ.Env()

# A checkout without SLUICE_ENV is somebody trying it out on their own machine; production says so.
PRODUCTION = env.str("SLUICE_ENV", default="local") == "production"
DEBUG = env.bool("SLUICE_DEBUG", default=False)


def local_secret() -> str:
    """The key of a local checkout, made once and readable by its owner only."""
    path = LOCAL_DIR / "secret_key"
    if not path.exists():
        LOCAL_DIR.mkdir(exist_ok=True)
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_urlsafe(50))
        except FileExistsError:
            pass  # another process was quicker; its key is as good
    return path.read_text().strip()


SECRET_KEY = env.str("SLUICE_SECRET_KEY", default="")
if not SECRET_KEY:
    if PRODUCTION:
        raise ImproperlyConfigured("SLUICE_SECRET_KEY must be set in production.")
    SECRET_KEY = local_secret()
SECRET_KEY_FALLBACKS = env.list("SLUICE_SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("SLUICE_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
if PRODUCTION and (DEBUG or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("Production takes neither SLUICE_DEBUG nor '*' in SLUICE_HOSTS.")
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("SLUICE_HOSTS must be set in production.")
CSRF_TRUSTED_ORIGINS = env.list("SLUICE_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "pgtrigger",
    "django_q",
    "config",
    "teams",
    "projects",
    "labeling",
    "slices",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "teams.access.middleware.problems_middleware",
    "teams.access.middleware.origin_middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "page": "teams.desk.templatetags.page",
                "account_tabs": "teams.desk.templatetags.account_tabs",
                "marks": "labeling.answers.templatetags.marks",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "teams.desk.navigation.navigation",
            ],
        },
    },
]

# The web process takes psycopg's pool; forked workers would share its sockets, so they keep one connection each.
WEB = env.bool("SLUICE_WEB", default=False)
DATABASES = {
    "default": {
        **database_settings(),
        "CONN_MAX_AGE": 0 if WEB else 60,
        "CONN_HEALTH_CHECKS": not WEB,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"].update(
    {
        "connect_timeout": 5,
        "options": "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=120000 -c timezone=UTC",
        **({"pool": {"min_size": 1, "max_size": 12, "timeout": 10}} if WEB else {}),
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counts wrong tries at the door: in the database, where every process and the next start find them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sluice_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# People and machines.
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["teams.access.backend.MembershipBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = reverse_lazy("sign-in")
LOGIN_REDIRECT_URL = reverse_lazy("organizations")
LOGOUT_REDIRECT_URL = reverse_lazy("sign-in")
# Signing in is django-allauth's: by e-mail alone, by invitation alone unless the installation opens itself.
SLUICE_OPEN_SIGN_UP = env.bool("SLUICE_OPEN_SIGN_UP", default=False)
ACCOUNT_ADAPTER = "teams.entry.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "teams.entry.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SLUICE_OPEN_SIGN_UP else "optional"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "sign-in"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Sluice"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
# A company's own sign-in (OpenID Connect): its groups say which role and teams somebody has, each time anew.
SLUICE_OIDC = env.json("SLUICE_OIDC", default={})
SOCIALACCOUNT_ADAPTER = "teams.entry.company.CompanyAdapter"
SOCIALACCOUNT_PROVIDERS = providers(SLUICE_OIDC)
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
CSRF_FAILURE_VIEW = "teams.desk.errors.wrong_form"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False

SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # grants are asked through our backend, which ANDs them with membership
    "auth.W004",  # e-mail addresses are unique whatever their case, by a constraint
]

# REST: tokens only, JSON only, closed until a view opens itself.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["teams.access.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["teams.access.verbs.HasVerb"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["teams.access.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_METADATA_CLASS": None,  # what an address takes is in the schema; OPTIONS is answered with a 405
    "EXCEPTION_HANDLER": "teams.access.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sluice",
    "VERSION": "1",
    "DESCRIPTION": (
        "Data, people, the clock, evidence and decisions for models kept alive on a stream. "
        "Sluice never runs or deploys a model: your pipeline claims runs, trains, reports and asks."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "teams.access.openapi.declare_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "StageEnum": "slices.placements.models.Stage",
        "ChildStateEnum": "slices.families.models.Child.State",
        "SplitEnum": "slices.definitions.actions.SPLITS",
    },
}

# Work for later: our Job rows are the truth, django-q2 executes hints. Its own scheduler stays off.
# A job that is not declared long may take so many seconds; a dead worker's job is given back a little later.
# retry >= timeout * (2 + queue_limit / workers) + margin, or a prefetched hint is handed out twice.
SLUICE_JOB_LIMIT_S = env.int("SLUICE_JOB_LIMIT_S", default=60)
# A long job's worker gives a sign of life four times in so many seconds; when none came, another one takes over.
SLUICE_LONG_LEASE_S = env.int("SLUICE_LONG_LEASE_S", default=60)
Q_CLUSTER = {
    "name": "sluice",
    "orm": "default",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.2,
    "timeout": SLUICE_JOB_LIMIT_S,
    "retry": 4 * SLUICE_JOB_LIMIT_S,
    "max_attempts": 5,
    "ack_failures": False,
    "save_limit": -1,
    "catch_up": False,
    "scheduler": False,
    "recycle": 500,
    "time_zone": "UTC",
}

# Files: media that callers upload, manifests, exports.
MEDIA_ROOT = Path(env.str("SLUICE_FILES", default=str(LOCAL_DIR / "files")))
# Files that organizations keep themselves and have read for them, each its own: a folder of this machine,
#   SLUICE_MEDIA_ROOTS='{"acme": "/srv/acme"}'                                 opens file:///srv/acme/...
# and prefixes of object stores that speak S3; `key` and `secret` name variables of the environment,
#   SLUICE_STORES='{"acme": [{"prefix": "s3://acme-shelf/", "endpoint": "https://s3.example.org",
#                             "region": "eu-central-1", "key": "ACME_KEY", "secret": "ACME_SECRET"}]}'
SLUICE_MEDIA_ROOTS = roots(env.json("SLUICE_MEDIA_ROOTS", default={}))
SLUICE_STORES = stores(env.json("SLUICE_STORES", default={}), os.environ)
# The largest file that a caller without storage may upload, and the largest picture.
# How long the files of a snapshot are kept that no model, evaluation, run or person needs.
SLUICE_SNAPSHOT_DAYS = env.int("SLUICE_SNAPSHOT_DAYS", default=180)
SLUICE_MEDIA_MB = env.int("SLUICE_MEDIA_MB", default=20)
SLUICE_MEDIA_MEGAPIXELS = env.int("SLUICE_MEDIA_MEGAPIXELS", default=50)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = LOCAL_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it is missing
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024

# Words and time.
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"

# Security.
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Behind a proxy on this machine, and only there, the web server believes X-Forwarded-For and -Proto.
BEHIND_PROXY = env.bool("SLUICE_BEHIND_PROXY", default=False)
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SLUICE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"  # of this host alone
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Where people reach the installation: links in mail begin with it, whatever host a request named.
SLUICE_URL = env.str("SLUICE_URL", default="http://127.0.0.1:8000").rstrip("/")

# Mail goes where SLUICE_MAIL says (smtp+tls://user:password@host:587); without it, into files in .local/outbox.
vars().update(
    env.email_url("SLUICE_MAIL", default="filemail:") | {"EMAIL_FILE_PATH": str(LOCAL_DIR / "outbox")}
)
DEFAULT_FROM_EMAIL = env.str("SLUICE_MAIL_FROM", default="Sluice <sluice@localhost>")

# The fastest a schedule may fire; the demo counts in seconds.
SLUICE_MINIMUM_CADENCE_S = env.int("SLUICE_MINIMUM_CADENCE_S", default=900)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"discreet": {"()": "config.logs.Discreet"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["discreet"]},
    },
    "root": {"handlers": ["stderr"], "level": env.str("SLUICE_LOG_LEVEL", default="INFO")},
    "loggers": {"django-q": {"level": "WARNING"}},
}
