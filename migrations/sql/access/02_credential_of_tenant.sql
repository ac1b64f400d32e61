-- The list of a tenant's credentials, in the order they were made.
CREATE INDEX credential_of_tenant ON credential (tenant, created, key);
