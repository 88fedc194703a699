package io.serai.server.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.serai.cluster.event.EventId;
import io.serai.config.name.AccountName;
import io.serai.config.name.CalendarName;
import io.serai.config.name.FileId;
import io.serai.config.name.LibraryName;
import io.serai.config.name.NodeName;
import io.serai.config.name.RouteId;
import io.serai.config.name.ScheduleName;
import io.serai.config.name.SessionId;
import io.serai.config.name.SiteName;
import io.serai.config.name.TransferId;
import io.serai.config.name.VirtualPath;
import io.serai.config.secret.PasswordHash;
import io.serai.config.secret.SecretText;
import java.io.IOException;
import java.util.List;

/** JSON of the admin API: identifiers as their text, enums in lower case, secrets never. */
public final class ApiJson {
    private ApiJson() {}

    public static ObjectMapper mapper() {
        SimpleModule house = new SimpleModule("serai");
        for (Class<?> type : List.of(
                AccountName.class,
                SiteName.class,
                RouteId.class,
                ScheduleName.class,
                CalendarName.class,
                LibraryName.class,
                NodeName.class,
                TransferId.class,
                FileId.class,
                SessionId.class,
                VirtualPath.class,
                EventId.class,
                SecretText.class,
                PasswordHash.class)) {
            house.addSerializer(type, new AsText<>());
        }
        house.addSerializer(Enum.class, new LowerCase());
        return JsonMapper.builder()
                .addModule(new Jdk8Module())
                .addModule(new JavaTimeModule())
                .addModule(house)
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
                .defaultPropertyInclusion(
                        JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT, JsonInclude.Include.NON_ABSENT))
                .build();
    }

    private static final class AsText<T> extends JsonSerializer<T> {
        @Override
        public void serialize(T value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(value.toString());
        }
    }

    @SuppressWarnings("rawtypes") // Jackson registers serializers by the raw class
    private static final class LowerCase extends JsonSerializer<Enum> {
        @Override
        public void serialize(Enum value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(value.name().toLowerCase(java.util.Locale.ROOT));
        }
    }
}
