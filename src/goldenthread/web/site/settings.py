"""Django's settings. What differs between deployments comes from `configuration`."""

from __future__ import annotations

from pathlib import Path

from goldenthread.web.site import configuration

DEPLOYMENT = configuration.deployment()
_OWN = Path(__file__).resolve().parent.parent

SECRET_KEY = configuration.secret_key(DEPLOYMENT)
DEBUG = False
ALLOWED_HOSTS = [*DEPLOYMENT.web.get("hosts", []), "localhost", "127.0.0.1", "[::1]", "testserver"]
ROOT_URLCONF = "goldenthread.web.site.urls"
WSGI_APPLICATION = "goldenthread.web.site.wsgi.application"
APPEND_SLASH = True
DATABASES = {"default": configuration.database(DEPLOYMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "goldenthread.web.accounts",
    "goldenthread.web.shell",
    "goldenthread.web.api",
    "goldenthread.web.governance",
    "goldenthread.web.ask",
    "goldenthread.web.people",
    "goldenthread.web.understand",
    "goldenthread.web.workshop",
    "goldenthread.web.learn",
    "goldenthread.web.lists",
    "goldenthread.web.initiatives",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "goldenthread.web.site.middleware.SafetyHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "goldenthread.web.api.tokens.TokenCare",
    "goldenthread.web.accounts.sessions.SessionCare",
    "goldenthread.web.site.middleware.PlainErrors",
    "goldenthread.web.site.middleware.Gate",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [_OWN / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "goldenthread.web.site.templates.environment",
            "context_processors": [
                "django.contrib.messages.context_processors.messages",
                "goldenthread.web.site.templates.page_context",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

HTTPS = bool(DEPLOYMENT.web.get("https", False))
IDLE_MINUTES = int(DEPLOYMENT.web.get("idle_minutes", 15))
SESSION_COOKIE_AGE = 12 * 3600  # a working day; the idle time-out is shorter and keeps what was being written
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "goldenthread.web.shell.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if HTTPS:
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_SSL_REDIRECT = True
if DEPLOYMENT.web.get("proxy", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_PERMISSIONS = 0o600
STATIC_URL = "/static/"
STATICFILES_DIRS = [_OWN / "assets" / "own", _OWN / "assets" / "built"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 86_400

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = False
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
