# One image for web, worker, beat, Flower and the migration: docker-compose.yml says which is which.
# No server runs in it: DATABASE_URL and REDIS_URL must be set.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1

WORKDIR /app

# var/ holds lead files, delivered files and .eml mails: the only place that is written to.
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin leadgen \
 && install --directory --owner=leadgen --mode=0700 /app/var

COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/base.txt

COPY manage.py Procfile ./
COPY leadgen leadgen
COPY clients clients
COPY pipeline pipeline
COPY deliveries deliveries
RUN python -m compileall -q leadgen clients pipeline deliveries

USER leadgen
EXPOSE 8000 5555

CMD ["python", "manage.py", "help"]
