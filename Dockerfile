# One image for every role: docker run ... weir run --role collector
# Debian, because the embedded engine is built for glibc.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /opt/weir
COPY . .
RUN sh scripts/install.sh && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/weir
COPY --from=build /opt/weir /opt/weir
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
# OTLP/gRPC, OTLP/HTTP, alerting, API and interface
EXPOSE 4317 4318 9093 8080
# Every role serves its health on loopback, port 8888 (telemetry.listen).
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8888/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "main.ts"]
CMD ["run", "--data", "/data"]
