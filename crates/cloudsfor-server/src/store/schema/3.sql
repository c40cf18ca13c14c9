-- The names of addresses, as they are asked for.
CREATE INDEX names_of_addresses ON records (name) WHERE type = 'PTR' AND vm_id IS NOT NULL;
