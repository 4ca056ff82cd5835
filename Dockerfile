# The server and nothing else: no shell, no package manager, not root.
FROM golang:1.26.11-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
ARG VERSION=dev
ARG COMMIT=
ARG TARGETOS=linux
ARG TARGETARCH=amd64
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /oauth2d ./cmd/oauth2d

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /oauth2d /oauth2d
# The listeners stay on loopback unless a setting opens them: OAUTH2D_SERVER_LISTEN=0.0.0.0:8080.
EXPOSE 8080 9090
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/oauth2d", "healthcheck"]
ENTRYPOINT ["/oauth2d"]
CMD ["serve"]
