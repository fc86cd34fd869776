# Run once by a new PostgreSQL server: one role and one schema per service. None sees another's tables.
# The read models are one service's, written by `projections` and read by `query`: both are the role query.
add() {
  psql --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-tillstream}" \
    --set role="$1" --set password="$2" --set database="${POSTGRES_DB:-tillstream}" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE SCHEMA AUTHORIZATION :"role";
-- a service asks for its schema when it starts, and PostgreSQL looks at this right before it sees that it is there
GRANT CREATE ON DATABASE :"database" TO :"role";
SQL
}

# In a shell of its own: the server's own script reads this one into itself.
(
  set -eu
  psql --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-tillstream}" \
    --command 'REVOKE ALL ON SCHEMA public FROM PUBLIC'
  add recorder "$DATABASE_PASSWORD_RECORDER"
  add inventory "$DATABASE_PASSWORD_INVENTORY"
  add notifications "$DATABASE_PASSWORD_NOTIFICATIONS"
  add query "$DATABASE_PASSWORD_QUERY"
  # the keys to personal data, for ingress, recorder, notifications and query
  add privacy "$DATABASE_PASSWORD_PRIVACY"
)
