-- name: find_credentials
-- Those of these credentials that are in force, with what they vouch with.
SELECT c.key, c.tenant, c.scopes, c.secret_hash, CASE WHEN c.previous_until > now() THEN c.previous_hash END,
    a.authority, a.agent, t.salt, c.compatibility
FROM credential c JOIN authority a USING (authority) JOIN tenant t ON t.tenant = c.tenant
WHERE c.key = ANY (:keys::text[]) AND c.disabled IS NULL;

-- name: tenant_salt
-- The secret that keys the hashes of the tenant's secrets.
SELECT salt FROM tenant WHERE tenant = :tenant;

-- name: find_authority
-- The number of an authority.
SELECT authority FROM authority WHERE tenant = :tenant AND agent = :agent;

-- name: add_authority
-- A new authority; nothing happens, and nothing is answered, where it is known.
INSERT INTO authority (tenant, agent) VALUES (:tenant, :agent) ON CONFLICT DO NOTHING RETURNING authority;

-- name: add_credential
-- A new credential; nothing happens, and nothing is answered, where the key exists.
INSERT INTO credential (key, tenant, name, scopes, secret_hash, authority, compatibility)
VALUES (:key, :tenant, :name, :scopes::text[], :secret_hash, :authority, :compatibility)
ON CONFLICT DO NOTHING RETURNING key, name, scopes, created, rotated, previous_until, disabled, compatibility;

-- name: count_credentials
-- How many there are.
SELECT count(*) FROM credential;

-- name: list_credentials
-- The credentials of a tenant, as they are shown: nothing that a secret could be guessed from.
SELECT key, name, scopes, created, rotated, CASE WHEN previous_until > now() THEN previous_until END, disabled,
    compatibility
FROM credential WHERE tenant = :tenant ORDER BY created, key;

-- name: rotate_credential
-- Another secret; the one before stays good for keep_for seconds.
UPDATE credential SET
    previous_hash = CASE WHEN :keep_for > 0 THEN secret_hash END,
    previous_until = CASE WHEN :keep_for > 0 THEN now() + make_interval(secs => :keep_for) END,
    secret_hash = :secret_hash,
    rotated = now()
WHERE tenant = :tenant AND key = :key AND disabled IS NULL
RETURNING key, name, scopes, created, rotated, previous_until, disabled, compatibility;

-- name: disable_credential
-- From now on it is in force no more; the time of the first call stays.
UPDATE credential SET disabled = coalesce(disabled, now()), previous_hash = NULL, previous_until = NULL
WHERE tenant = :tenant AND key = :key
RETURNING key, name, scopes, created, rotated, previous_until, disabled, compatibility;

-- name: switch_compatibility
-- Whether well-known invalid statements are repaired for it from now on.
UPDATE credential SET compatibility = :compatibility WHERE tenant = :tenant AND key = :key
RETURNING key, name, scopes, created, rotated, CASE WHEN previous_until > now() THEN previous_until END, disabled,
    compatibility;

-- name: credential_exists
-- Whether the tenant has a credential of this key, in force or not.
SELECT EXISTS (SELECT FROM credential WHERE tenant = :tenant AND key = :key);
