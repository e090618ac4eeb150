"""The invariants of mails: each begun once between refusals, and sent again by named people only."""

from __future__ import annotations

from pipeline.invariants import Check

# fmt: off
CHECKS = (
    # To whom a mail was owed then is not kept, so a recipient without a mail cannot be found.
    Check("A19", "An uploaded delivery has one first mail an address, others none (deliveries)", """
        SELECT delivery.id FROM deliveries_delivery delivery
         WHERE (delivery.status IN ('UPLOADED', 'NOTIFIED', 'LOGGED')
                OR delivery.uploaded_at IS NOT NULL)
            <> EXISTS (SELECT FROM deliveries_mail mail
                        WHERE mail.delivery_id = delivery.id AND mail.supersedes_id IS NULL)
        UNION ALL
        SELECT delivery_id FROM deliveries_mail WHERE supersedes_id IS NULL AND kind = 'DELIVERY'
         GROUP BY kind, delivery_id, step, recipient HAVING count(*) > 1
    """),
    Check("A20", "No mail is begun twice, done or due, without a refusal between (mails)", """
        SELECT id FROM deliveries_mail
         WHERE begins > refusals + 1 OR (status = 'PENDING' AND begins > refusals)
    """),
    Check("A21", "A sent mail was begun (mails)", """
        SELECT id FROM deliveries_mail
         WHERE status = 'SENT' AND (begins = 0 OR begun_at IS NULL OR sent_at IS NULL)
    """),
    Check("A22", "Only a named person sends a mail again, the same one, once it ended (mails)", """
        SELECT mail.id FROM deliveries_mail mail
          JOIN deliveries_mail former ON former.id = mail.supersedes_id
         WHERE mail.resend_by = '' OR former.status IN ('PENDING', 'SENDING')
            OR (mail.kind, mail.delivery_id, mail.run_id, mail.night, mail.step, mail.recipient)
            IS DISTINCT FROM (former.kind, former.delivery_id, former.run_id, former.night,
                              former.step, former.recipient)
    """),
)
# fmt: on
