# Phonograph with its engine and the COMPACT model. README.md, "In a container", tells how to use it.

# Debian, whose release decides the version of Python; give a digest or the name at a mirror as you need it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS system
ARG PYTHON=python3.11
RUN apt-get update \
  && apt-get install -y --no-install-recommends ${PYTHON} ca-certificates tini \
  && apt-get clean && rm -rf /var/lib/apt/lists/*
WORKDIR /app

# The set-up of a clone, without the tools of development. Only what it reads is copied, so that a change elsewhere fetches nothing anew.
FROM system AS setup
ARG PYTHON=python3.11
# Debian's Node is old: it only runs the set-up, which brings the one that runs the server.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ${PYTHON}-venv nodejs npm \
  && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
COPY src/setup/ src/setup/
COPY runner/engine/pyproject.toml runner/engine/uv.lock runner/engine/
# For registries and certificates of your own; what is secret goes by --secret id=npmrc and id=pip.
ARG NPM_CONFIG_REGISTRY
ARG NODE_EXTRA_CA_CERTS
ARG PIP_INDEX_URL
ARG PIP_CERT
# yes: with the CUDA libraries, for a machine with an NVIDIA GPU.
ARG CUDA=no
ENV PHONOGRAPH_MODEL_DIRECTORY=/models
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=pip,target=/etc/pip.conf \
  if [ "$CUDA" = yes ]; then node src/setup/setup.mjs --cuda; else node src/setup/setup.mjs; fi
# The page, by itself: a change of it fetches nothing anew.
COPY clients/js/ clients/js/
COPY clients/web/ clients/web/
RUN node src/setup/setup.mjs && rm -r node_modules/esbuild node_modules/@esbuild node_modules/react-dom

FROM system
RUN useradd --system --uid 10001 --user-group --no-create-home phonograph \
  && install --directory --owner=phonograph --group=phonograph /data /media
# What changes seldom first.
COPY --from=setup --chown=phonograph:phonograph /models /models
COPY --from=setup /app/.venv .venv
COPY --from=setup /app/.tools/node .tools/node
COPY --from=setup /app/node_modules node_modules
COPY --from=setup /app/.tools/web .tools/web
COPY LICENSE package.json config.json ./
COPY migrations/ migrations/
COPY resolvers/ resolvers/
COPY schema/ schema/
COPY runner/ runner/
COPY src/ src/
# The engine cannot keep its compiled files where nothing can be written.
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash runner/engine
ENV NODE_ENV=production \
  PATH=/app/.tools/node/bin:$PATH \
  HOME=/tmp \
  CUDA_CACHE_PATH=/data/cuda-cache \
  NVIDIA_DRIVER_CAPABILITIES=compute,utility \
  PHONOGRAPH_LISTEN_HOST=0.0.0.0 \
  PHONOGRAPH_LISTEN_PORT=4000 \
  PHONOGRAPH_DATA_DIRECTORY=/data \
  PHONOGRAPH_MEDIA_ROOTS=/media \
  PHONOGRAPH_MODEL_DIRECTORY=/models
VOLUME /data /media
EXPOSE 4000
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PHONOGRAPH_LISTEN_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=16", "src/main.ts"]
