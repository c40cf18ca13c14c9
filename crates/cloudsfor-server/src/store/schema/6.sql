-- What somebody has claimed, of which there is never much.
CREATE INDEX operations_leased ON operations (leased_until_ms) WHERE leased_until_ms IS NOT NULL;
