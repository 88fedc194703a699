package io.serai.edge.message;

import io.serai.config.error.SeraiException;
import io.serai.config.name.AccountName;
import io.serai.edge.ProtocolViolation;
import io.serai.endpoint.PartnerOperation.Origin;
import java.time.Instant;

/**
 * What a server says about a session to the other servers of its cluster. It goes by way of an edge, which can neither read
 * nor make one.
 *
 * @param credentials the account's at the login
 * @param until not good any more from then on
 */
public record SessionTicket(Origin origin, AccountName account, String credentials, Instant until) {
    private static final int TEXT_BYTES = 1_024;

    public byte[] encode() {
        OperationFields fields = new OperationFields();
        OperationCodec.fill(fields, origin);
        return new FieldWriter()
                .text(1, account.value())
                .text(2, credentials)
                .number(3, until.toEpochMilli())
                .bytes(4, fields.encode())
                .done();
    }

    public static SessionTicket decode(byte[] payload) throws ProtocolViolation {
        String account = "";
        String credentials = "";
        long until = 0;
        OperationFields origin = new OperationFields();
        FieldReader in = new FieldReader(payload);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> account = in.text(TEXT_BYTES);
                case 2 -> credentials = in.text(TEXT_BYTES);
                case 3 -> until = in.number(Long.MAX_VALUE);
                case 4 -> origin = OperationFields.read(in.bytes(4 * TEXT_BYTES));
                default -> {}
            }
        }
        try {
            return new SessionTicket(
                    OperationCodec.origin(origin), new AccountName(account), credentials, Instant.ofEpochMilli(until));
        } catch (SeraiException e) {
            throw new ProtocolViolation("an account name that cannot be");
        }
    }
}
