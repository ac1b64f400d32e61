-- name: find_credential
-- One credential that is in force, with what it vouches with.
SELECT c.key, c.tenant, c.secret_hash, a.authority, a.agent, t.salt
FROM credential c JOIN authority a USING (authority) JOIN tenant t ON t.tenant = c.tenant
WHERE c.key = :key AND c.disabled IS NULL;

-- name: tenant_salt
-- The secret that keys the hashes of the tenant's secrets.
SELECT salt FROM tenant WHERE tenant = :tenant;

-- name: add_authority
-- The number of an authority, made if it is new.
WITH made AS (
    INSERT INTO authority (tenant, agent) VALUES (:tenant, :agent) ON CONFLICT DO NOTHING RETURNING authority
)
SELECT authority FROM made
UNION ALL SELECT authority FROM authority WHERE tenant = :tenant AND agent = :agent LIMIT 1;

-- name: add_credential
-- A new credential; nothing happens, and nothing is answered, where the key exists.
INSERT INTO credential (key, tenant, secret_hash, authority) VALUES (:key, :tenant, :secret_hash, :authority)
ON CONFLICT DO NOTHING RETURNING key;

-- name: count_credentials
-- How many there are.
SELECT count(*) FROM credential;
