-- compatible-from: 1
CREATE INDEX "commit_intent_key" ON "commit_intent" USING btree ("idempotency_scope","idempotency_key") WHERE "commit_intent"."idempotency_key" is not null;