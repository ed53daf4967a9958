-- What makes two leads, or two contacts, candidates for being the same: those that are equal in one of these are compared.
-- Blocks are coarse, so that few duplicates fall between them. Only built-in functions make them: every write of a row does.

-- A word of a name without case, accents and punctuation.
create function name_letters(word text) returns text language sql immutable strict parallel safe
return translate(lower(word),
  'àáâãäåāăąạảấầẩẫậắằçćčĉċďèéêëēĕėęěẽẹẻếềểễệĝğġģĥìíîïĩīĭįịỉĵķĺļľñńņňòóôõöōŏőơọỏốồổỗộŕŗřśŝşšșţťțùúûüũūŭůűųưụủŵýÿŷžźżøđðłħıßæœþ.,;:-_()’`"/''',
  'aaaaaaaaaaaaaaaaaacccccdeeeeeeeeeeeeeeeeegggghiiiiiiiiiijklllnnnnoooooooooooooooorrrssssstttuuuuuuuuuuuuuwyyyzzzoddlhisaot');

-- The beginnings of the first and the last word, in either order: "Ada Lovelace", "LOVELACE, Ada", "Ada K. Lovelase".
create function name_block(name text) returns text language sql immutable strict parallel safe
return least(
    left(name_letters(split_part(btrim(name), ' ', 1)), 3) collate "C",
    left(name_letters(split_part(btrim(name), ' ', -1)), 3) collate "C")
  || ' ' || greatest(
    left(name_letters(split_part(btrim(name), ' ', 1)), 3) collate "C",
    left(name_letters(split_part(btrim(name), ' ', -1)), 3) collate "C");

-- The initial, and how the last word sounds: its first letter and its consonants, those that are often confused as one.
create function name_sound(name text) returns text language sql immutable strict parallel safe
return left(name_letters(btrim(name)), 1)
  || ' ' || left(name_letters(split_part(btrim(name), ' ', -1)), 1)
  || left(translate(substr(name_letters(split_part(btrim(name), ' ', -1)), 2), 'ckqzvdbngaeiouyhw', 'kkksftpmj'), 4);

-- The last nine digits of a number of seven or more.
create function phone_block(phone text) returns text language sql immutable strict parallel safe
return case when length(translate(phone, translate(phone, '0123456789', ''), '')) >= 7
  then right(translate(phone, translate(phone, '0123456789', ''), ''), 9) end;

alter table contact_list
  add column phone_block text generated always as (phone_block(coalesce(phone_e164, phone))) stored,
  add column name_block text generated always as (name_block(person_name)) stored,
  add column name_sound text generated always as (name_sound(person_name)) stored;
create index contact_list_phone_block on contact_list (tenant, phone_block) where phone_block is not null and not archived;
create index contact_list_name_block on contact_list (tenant, name_block) where name_block is not null and not archived;
create index contact_list_name_sound on contact_list (tenant, name_sound) where name_sound is not null and not archived;

alter table lead_list
  add column phone_block text generated always as (phone_block(coalesce(phone_e164, phone))) stored,
  add column name_block text generated always as (name_block(person_name)) stored,
  add column name_sound text generated always as (name_sound(person_name)) stored;
create index lead_list_phone_block on lead_list (tenant, phone_block) where phone_block is not null and not archived;
create index lead_list_name_block on lead_list (tenant, name_block) where name_block is not null and not archived;
create index lead_list_name_sound on lead_list (tenant, name_sound) where name_sound is not null and not archived;
