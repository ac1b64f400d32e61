# Everything comes from requirements.lock, hash by hash; the image then holds only what running needs of it.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock ./
RUN pip wheel --no-cache-dir --quiet --require-hashes --wheel-dir /wheels -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY projections projections
COPY streams streams
COPY migrations migrations
COPY lrs lrs
RUN pip install --no-cache-dir --no-index --find-links /wheels hatchling \
 && pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m venv /opt/lrs \
 && /opt/lrs/bin/pip install --no-cache-dir --no-index --find-links /wheels "live-lrs[tracing]"

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 lrs
COPY --from=build /opt/lrs /opt/lrs
ENV PATH=/opt/lrs/bin:$PATH PYTHONUNBUFFERED=1
USER lrs
EXPOSE 8080
ENTRYPOINT ["lrs"]
CMD ["serve", "--host", "0.0.0.0"]
