# One image for the web server, the workers, the watcher and the reaper; see compose.yaml.

FROM python:3.11-slim AS packages
# The CPU build of torch. For NVIDIA GPUs: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt requirements.lock /
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r /requirements.txt -c /requirements.lock

FROM python:3.11-slim
RUN useradd --uid 1000 --create-home studio && install --directory --owner=studio /data
COPY --from=packages /venv /venv
COPY --chown=root:root . /app
WORKDIR /app
RUN python -m compileall -q .
USER studio
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STUDIO_DATA_DIR=/data \
    GRANIAN_LOG_CONFIG=/app/config/granian_log.json
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://localhost:8000/api/status', timeout=4)"]
CMD ["python", "-m", "config.web", "--host", "0.0.0.0", "--port", "8000"]
