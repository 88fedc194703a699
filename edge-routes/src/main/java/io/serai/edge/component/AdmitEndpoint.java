package io.serai.edge.component;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.config.name.Network;
import java.util.Arrays;
import java.util.List;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/**
 * Let partners connect to a listener from some networks only. It looks at new connections and leaves the body as it is.
 */
@UriEndpoint(
        firstVersion = "0.2.0",
        scheme = "admit",
        title = "Admit",
        syntax = "admit:name",
        producerOnly = true,
        remote = false,
        category = {Category.FILE, Category.NETWORKING})
public class AdmitEndpoint extends DefaultEndpoint {
    @UriPath(description = "What this rule is called in the log")
    @Metadata(required = true)
    private final String name;

    @UriParam(
            description =
                    "The networks or addresses that partners may connect from, separated by commas; without it, any")
    private String allow = "";

    @UriParam(
            description =
                    "The networks or addresses that partners may not connect from, separated by commas; it goes before allow")
    private String deny = "";

    public AdmitEndpoint(String uri, AdmitComponent component, String name) {
        super(uri, component);
        this.name = name;
    }

    @Override
    public Producer createProducer() {
        return new AdmitProducer(this, networks("allow", allow), networks("deny", deny));
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new SeraiException(ErrorCode.INVALID, "admit: is a condition and cannot begin a route");
    }

    private List<Network> networks(String option, String text) {
        try {
            return Arrays.stream(text.split(",", -1))
                    .map(String::strip)
                    .filter(item -> !item.isEmpty())
                    .map(Network::parse)
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new SeraiException(
                    ErrorCode.INVALID, "admit:" + name + " with " + option + "=" + text + ": " + e.getMessage(), e);
        }
    }

    public String getName() {
        return name;
    }

    public String getAllow() {
        return allow;
    }

    public void setAllow(String allow) {
        this.allow = allow;
    }

    public String getDeny() {
        return deny;
    }

    public void setDeny(String deny) {
        this.deny = deny;
    }
}
