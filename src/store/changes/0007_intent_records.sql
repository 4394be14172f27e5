-- compatible-from: 1
ALTER TABLE "commit_intent" ADD COLUMN "marks" jsonb;--> statement-breakpoint
ALTER TABLE "commit_intent" ADD COLUMN "record" jsonb;--> statement-breakpoint
CREATE INDEX "commit_intent_unrecorded" ON "commit_intent" USING btree ("lease_until") WHERE "commit_intent"."state" = 'committed' and "commit_intent"."record" is not null;