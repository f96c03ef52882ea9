#!/bin/bash
# Run once by the image when the database is made: a user and a database of their own for Keycloak.
set -euo pipefail
psql --set=ON_ERROR_STOP=1 --set=password="$(cat /run/secrets/keycloak_database_password)" --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE USER keycloak PASSWORD :'password';
CREATE DATABASE keycloak OWNER keycloak;
REVOKE CONNECT ON DATABASE kapital FROM PUBLIC;
SQL
