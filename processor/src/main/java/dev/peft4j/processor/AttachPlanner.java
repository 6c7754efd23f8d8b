package dev.peft4j.processor;

import dev.peft4j.processor.Matching.Answer;
import dev.peft4j.processor.Matching.Outcome;
import dev.peft4j.processor.Node.Access;
import dev.peft4j.processor.Node.Kind;
import dev.peft4j.processor.Step.Condition;
import dev.peft4j.processor.Step.Part;
import dev.peft4j.processor.Step.Path;
import dev.peft4j.processor.Step.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The translation of what was matched into the steps of the method that attaches the adapter. */
final class AttachPlanner {
  /** More indices than this are looked up at run time. */
  private static final int MAX_VALUES = 8;

  private final PeftSettings settings;
  private final Matching matching;
  private final Consumer<Problem> problems;
  private final Set<String> layers = new LinkedHashSet<>();
  private final Set<String> saved = new LinkedHashSet<>();
  private final Set<String> reported = new HashSet<>();
  private boolean checkedAtRunTime;

  AttachPlanner(PeftSettings settings, Matching matching, Consumer<Problem> problems) {
    this.settings = settings;
    this.matching = matching;
    this.problems = problems;
    // which embedding the model's input goes to, only its modules tell
    this.checkedAtRunTime =
        !settings.kind().hasTargets()
            || settings.namesParameters()
            || settings.tokens().stream().anyMatch(t -> t.embedding().isEmpty());
  }

  /**
   * The knowledge on the way down the tree.
   *
   * @param value how to get at the module, null if it cannot be reached
   * @param obstacle the node at which the way ends
   * @param variables the code for each index and key
   */
  private record Here(
      @Nullable Value value,
      @Nullable Node obstacle,
      List<Part> path,
      List<String> variables,
      Set<String> names) {

    Here read(Node node) {
      List<Part> longer = new ArrayList<>(path);
      longer.add(new Part(node.name(), false));
      Value next =
          value == null || !node.access().possible() ? null : new Step.Read(value, node.access());
      return new Here(
          next, obstacle != null ? obstacle : next == null ? node : null, longer, variables, names);
    }

    Here element(@Nullable Value element, String variable, String... taken) {
      List<Part> longer = new ArrayList<>(path);
      longer.add(new Part(variable, true));
      List<String> more = new ArrayList<>(variables);
      more.add(variable);
      Set<String> all = new HashSet<>(names);
      all.addAll(List.of(taken));
      return new Here(element, obstacle, longer, more, all);
    }
  }

  AttachPlan plan(Place root) {
    Set<String> names = new HashSet<>(List.of("model", "adapters", "a"));
    Here here = new Here(new Step.Variable("model"), null, List.of(), List.of(), names);
    List<Step> steps = new ArrayList<>();
    if (root.node().opaque()) {
      search(root, here, steps);
    }
    if (!root.node().described()) {
      root.children().forEach(child -> visit(child, here.read(child.node()), steps));
    }
    return new AttachPlan(merge(steps), List.copyOf(layers), List.copyOf(saved), checkedAtRunTime);
  }

  private void visit(Place place, Here here, List<Step> steps) {
    List<Step> inner = new ArrayList<>();
    switch (place.node().kind()) {
      case MODULE -> module(place, here, inner);
      case RECORD -> children(place, here, inner);
      case LIST -> list(place, here, inner);
      case MAP -> map(place, here, inner);
    }
    if (place.node().optional() && !inner.isEmpty() && here.value() != null) {
      checkedAtRunTime = true;
      steps.add(new Step.IfPresent(here.value(), merge(inner)));
    } else {
      steps.addAll(inner);
    }
  }

  private void children(Place place, Here here, List<Step> steps) {
    place.children().forEach(child -> visit(child, here.read(child.node()), steps));
  }

  private void module(Place place, Here here, List<Step> steps) {
    List<Answer> save = with(place, Outcome.SAVE);
    List<Answer> attach = with(place, Outcome.ATTACH);
    int all = matching.of(place).size();
    if (with(place, Outcome.IN_SAVED).size() == all) {
      return;
    }
    if (matching.decidedAtRunTime(place) || (place.node().opaque() && save.size() < all)) {
      if (matching.mayMatchIn(place)) {
        search(place, here, steps);
      }
      return;
    }
    boolean entry = place.parent() != null && place.parent().node().kind() == Kind.MAP;
    if (entry && !save.isEmpty() && save.size() < all) {
      search(place, here, steps); // saved if that is its key
      return;
    }
    if (!save.isEmpty()) {
      Condition condition = save.size() == all ? null : condition(place, here, save);
      if (save.size() < all && condition == null) {
        search(place, here, steps);
        return;
      }
      Value value = reached(place, here, save.get(0));
      if (value != null) {
        saved.add(place.template());
        add(new Step.Save(new Path(here.path()), value), condition, steps);
      }
      if (condition == null) {
        return;
      }
    }
    if (!attach.isEmpty()) {
      Condition condition = attach.size() == all ? null : condition(place, here, attach);
      if (attach.size() < all && condition == null) {
        search(place, here, steps);
        return;
      }
      Value value = reached(place, here, attach.get(0));
      if (value != null) {
        layers.add(place.template());
        add(new Step.Attach(new Path(here.path()), value), condition, steps);
      }
    }
    children(place, here, steps);
  }

  private static void add(Step step, @Nullable Condition condition, List<Step> steps) {
    steps.add(condition == null ? step : new Step.When(condition, List.of(step)));
  }

  private void list(Place place, Here here, List<Step> steps) {
    String index =
        fresh(here.names(), "ijkl".substring(Math.min(here.variables().size(), 3)).substring(0, 1));
    Place element = place.children().get(0);
    Value list = here.value();
    Value inline = list == null ? null : new Step.ElementOf(list, index);
    List<Step> inner = inside(element, here, inline, index, index);
    if (inner.isEmpty()) {
      return;
    }
    String name = "";
    if (!isLeaf(inner) && list != null) {
      name = elementName(place, element, here.names());
      inner = inside(element, here, new Step.Variable(name), index, index, name);
    }
    if (list != null) {
      checkedAtRunTime = true;
      steps.add(new Step.EachOfList(list, index, name, inner));
    }
  }

  private void map(Place place, Here here, List<Step> steps) {
    Place element = place.children().get(0);
    Value map = here.value();
    String entry = fresh(here.names(), "entry");
    String key = entry + ".getKey()";
    Value inline = map == null ? null : new Step.ValueOf(entry);
    List<Step> inner = inside(element, here, inline, key, entry);
    if (inner.isEmpty()) {
      return;
    }
    String name = "";
    if (!isLeaf(inner) && map != null) {
      name = elementName(place, element, here.names());
      inner = inside(element, here, new Step.Variable(name), key, entry, name);
    }
    if (map != null) {
      checkedAtRunTime = true;
      steps.add(new Step.EachOfMap(map, entry, name, inner));
    }
  }

  private List<Step> inside(
      Place element, Here here, @Nullable Value value, String variable, String... taken) {
    List<Step> inner = new ArrayList<>();
    visit(element, here.element(value, variable, taken), inner);
    return merge(inner);
  }

  /**
   * Returns whether the steps use nothing but the element itself, once, so that it needs no
   * variable.
   */
  private static boolean isLeaf(List<Step> steps) {
    if (steps.size() != 1) {
      return false;
    }
    Step step = steps.get(0);
    if (step instanceof Step.When when) {
      return isLeaf(when.steps());
    }
    Value value =
        step instanceof Step.Attach attach
            ? attach.module()
            : step instanceof Step.Save save
                ? save.module()
                : step instanceof Step.Search search ? search.module() : null;
    return value instanceof Step.ElementOf || value instanceof Step.ValueOf;
  }

  private static String elementName(Place container, Place element, Set<String> taken) {
    String field = container.node().field();
    String name =
        LocalNames.elementOf(field.substring(field.lastIndexOf('.') + 1), element.node().type());
    return fresh(taken, name);
  }

  private static String fresh(Set<String> taken, String name) {
    String free = name;
    for (int i = 2; taken.contains(free); i++) {
      free = name + i;
    }
    return free;
  }

  private List<Answer> with(Place place, Outcome outcome) {
    return matching.of(place).stream().filter(a -> a.outcome() == outcome).toList();
  }

  private void search(Place place, Here here, List<Step> steps) {
    List<Answer> certain =
        place.all().stream()
            .flatMap(p -> matching.of(p).stream())
            .filter(a -> a.outcome() == Outcome.ATTACH || a.outcome() == Outcome.SAVE)
            .toList();
    if (here.value() != null) {
      checkedAtRunTime = true;
      certain.stream()
          .filter(a -> a.outcome() == Outcome.ATTACH)
          .forEach(a -> layers.add(a.place().template()));
      String variable = place.node().certain() ? "" : fresh(here.names(), "module");
      steps.add(new Step.Search(new Path(here.path()), here.value(), variable));
    } else if (!certain.isEmpty()) {
      reached(place, here, certain.get(0));
    } else if (here.obstacle() != null && reported.add("search " + place.template())) {
      Access access = here.obstacle().access();
      problems.accept(
          Problem.of(
              Diagnostic.NOT_SEARCHED,
              settings.targetSite(),
              place.toString(),
              access.obstacle(),
              access.fix()));
    }
  }

  /** Returns the way to a module that is needed; if there is none, that is an error. */
  private @Nullable Value reached(Place place, Here here, Answer answer) {
    Node obstacle = here.obstacle();
    if (obstacle != null && reported.add(obstacle.field() + " " + answer.by())) {
      problems.accept(
          Problem.of(
              Diagnostic.UNREACHABLE,
              TargetChecks.site(settings, answer),
              place.template(),
              obstacle.field(),
              obstacle.access().obstacle(),
              obstacle.access().fix()));
    }
    return here.value();
  }

  /**
   * Returns the condition on an index or a key that tells some answers from the rest; null if it
   * cannot be told so simply.
   */
  private @Nullable Condition condition(Place place, Here here, List<Answer> wanted) {
    if (matching.indicesByRegex()) {
      return null;
    }
    List<Answer> all = matching.of(place);
    for (int d = 0; d < place.dimensions().size(); d++) {
      int dimension = d;
      Set<String> yes = new LinkedHashSet<>();
      wanted.forEach(a -> yes.add(a.at().get(dimension)));
      Set<String> no = new LinkedHashSet<>();
      all.stream().filter(a -> !wanted.contains(a)).forEach(a -> no.add(a.at().get(dimension)));
      if (yes.stream().noneMatch(no::contains)) {
        boolean keys = place.dimensions().get(d) == Kind.MAP;
        // the last sample is the one that stands for all that are not mentioned
        boolean except = yes.contains(all.get(all.size() - 1).at().get(d));
        if (except && keys && !settings.layers().isEmpty()) {
          return null; // a key that is a number may count as a layer
        }
        List<String> values = List.copyOf(except ? no : yes);
        return values.size() > (keys ? 1 : MAX_VALUES)
            ? null
            : new Condition(here.variables().get(d), keys, values, except);
      }
    }
    return null;
  }

  /** Puts neighbours under the same condition together. */
  private static List<Step> merge(List<Step> steps) {
    List<Step> merged = new ArrayList<>();
    for (Step step : steps) {
      Step last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (step instanceof Step.When next
          && last instanceof Step.When before
          && next.condition().equals(before.condition())) {
        List<Step> both = new ArrayList<>(before.steps());
        both.addAll(next.steps());
        merged.set(merged.size() - 1, new Step.When(next.condition(), both));
      } else {
        merged.add(step);
      }
    }
    return merged;
  }
}
