package io.serai.cluster.object;

import io.serai.cluster.object.ObjectStore.Key;
import io.serai.config.object.ConfigObject;
import java.util.List;

/** What a node has to say about a change that must be in force on every node or on none. */
public interface ChangeParty {
    /** Why this node could not put the change in force, a sentence each; empty when it can. Changes nothing that runs. */
    List<String> objections(List<ConfigObject> puts, List<Key> deletes);

    /**
     * Puts what is committed, and in this node's copy, in force. May be called again for the same change.
     *
     * @return what keeps these objects from being in force here, a sentence each; empty when they are
     */
    List<String> enforce(List<Key> changed);

    /**
     * Puts what is committed, and in this node's copy, in force where it is not yet; called before the node says that it
     * has a revision. What does not run then is reported by this node as at its start, and stops nothing.
     */
    void follow();
}
