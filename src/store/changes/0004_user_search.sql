-- compatible-from: 1
CREATE FUNCTION lakegate_pieces(words text) RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN (SELECT coalesce(array_agg(DISTINCT substr(words, i, 3)), '{}') FROM generate_series(1, length(words) - 2) AS i);
--> statement-breakpoint
CREATE INDEX "principal_pieces" ON "principal" USING gin (lakegate_pieces(lower("name" || ' ' || coalesce("email", '')))) WHERE "principal"."kind" = 'user' and "principal"."deleted_at" is null;
