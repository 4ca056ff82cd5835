# The server and nothing else: no shell, no package manager, not root. docs/image.md describes how to build and run it.
#
# The build stage runs on the builder's own platform and cross-compiles; TARGETOS and TARGETARCH come from the builder
# (docker buildx, buildah, podman). GO_IMAGE and BASE_IMAGE can name a mirror or a digest.
ARG GO_IMAGE=golang:1.26.11-bookworm
ARG BASE_IMAGE=gcr.io/distroless/static-debian12:nonroot

FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build
WORKDIR /src
# Exactly the toolchain of this image: one that go.mod asks for must not be fetched instead.
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY cmd/oauth2d cmd/oauth2d
COPY internal internal
ARG VERSION=dev
ARG COMMIT=
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    mkdir -p /out/usr/local/bin && \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -tags disable_grpc_modules \
      -ldflags "-s -w -buildid= -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/oauth2d ./cmd/oauth2d && \
    ln -s /oauth2d /out/usr/local/bin/oauth2d

FROM $BASE_IMAGE
ARG VERSION=dev
ARG COMMIT=
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="oauth2d" \
      org.opencontainers.image.description="OAuth 2 authorization server whose state lives in Redis" \
      org.opencontainers.image.source="https://github.com/recipe-web-app/oauth2d" \
      org.opencontainers.image.documentation="https://github.com/recipe-web-app/oauth2d/tree/main/docs" \
      org.opencontainers.image.licenses="GPL-3.0-only" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$CREATED"
COPY --from=build /out/ /
# The listeners stay on loopback unless a setting opens them: OAUTH2D_SERVER_LISTEN=:8080.
EXPOSE 8080 9090
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/oauth2d", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/oauth2d"]
CMD ["serve"]
