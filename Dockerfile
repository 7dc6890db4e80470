# Two stages: compile TypeScript with everything, run with production dependencies alone.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY openapi openapi
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# jemalloc keeps the resident size of image work flat where glibc's allocator fragments
# ffmpeg, for video, is some hundreds of MB: only with `--build-arg FFMPEG=1`
ARG FFMPEG=
RUN apt-get update && apt-get install -y --no-install-recommends libjemalloc2 ${FFMPEG:+ffmpeg} && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /var/cache/dicomweb-gateway
ENV NODE_ENV=production LD_PRELOAD=libjemalloc.so.2
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/openapi openapi
COPY LICENSE ./
USER node
EXPOSE 8080 11112
HEALTHCHECK --interval=30s --timeout=5s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Inside a container loopback would be unreachable: what is published is decided by `docker run -p`
ENTRYPOINT ["node", "--max-semi-space-size=4", "dist/main.js"]
CMD ["serve", "--host", "0.0.0.0", "--dicom-host", "0.0.0.0", "--cache-dir", "/var/cache/dicomweb-gateway"]
