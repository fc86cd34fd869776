FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# What was downloaded and compiled is kept between builds by the builder, not in the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package tillstream && cp target/release/tillstream /tillstream && mkdir /empty

# No shell, no package manager, nobody's root.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="tillstream" \
      org.opencontainers.image.description="The event-sourced back end of a Shopify merchant, on NATS JetStream" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /tillstream /usr/local/bin/tillstream
# What scanners read to know every crate that is in the binary.
COPY --from=build /src/Cargo.lock /usr/share/tillstream/Cargo.lock
COPY --from=build --chown=65532:65532 /empty /data
USER 65532:65532
WORKDIR /
# The root file system is read-only: without a place for its temporary files SQLite cannot write a large batch, and a
# role that has fallen behind never catches up.
ENV SQLITE_TMPDIR=/data
ENV TILLSTREAM_SERVER_LISTEN=0.0.0.0:8080 TILLSTREAM_DATA_DIR=/data TILLSTREAM_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 CMD ["/usr/local/bin/tillstream", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/tillstream"]
