FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# what was downloaded and compiled is kept between builds by the builder, not in the image
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package tillstream && cp target/release/tillstream /tillstream && mkdir /empty

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="tillstream" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /tillstream /usr/local/bin/tillstream
COPY --from=build --chown=65532:65532 /empty /data
USER 65532
WORKDIR /
ENV TILLSTREAM_SERVER_LISTEN=0.0.0.0:8080 TILLSTREAM_DATA_DIR=/data TILLSTREAM_LOG_FORMAT=json
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/tillstream"]
