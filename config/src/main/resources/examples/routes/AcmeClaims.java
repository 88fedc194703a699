import org.apache.camel.builder.RouteBuilder;

/** The same in Java: claims go to the insurer as they are. */
public class AcmeClaims extends RouteBuilder {
    @Override
    public void configure() {
        from("arrival:acme/outbox?include=*.pdf")
                .routeId("AcmeClaims")
                .to("site:insurer?path=/new");
    }
}
