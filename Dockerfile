# vxlite in a container, for Dockerfiles that build a server with it:
#
#   FROM vxlite AS build
#   COPY velox.toml velox.lock ./
#   RUN vxlite build -c velox.toml --locked -o /usr/bin/
#
#   FROM php:8.4-cli
#   COPY --from=build /usr/bin/rr /usr/bin/rr
#
# docker build -t vxlite . builds it from this checkout, which has to be a clone:
# the version that vxlite tells of itself is git's.
ARG GO=1.26
FROM golang:${GO}-alpine AS build
RUN apk add --no-cache git
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /usr/bin/vxlite ./cmd/vxlite

# The go command stays, since a build needs it; git and ssh do not.
FROM golang:${GO}-alpine
RUN apk add --no-cache ca-certificates
COPY --from=build /usr/bin/vxlite /usr/bin/vxlite
# A build that is run as another user keeps its store beside the go command's.
ENV VXLITE_CACHE=/go/vxlite
WORKDIR /etc/vxlite
ENTRYPOINT []
CMD ["vxlite", "help"]
