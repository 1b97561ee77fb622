// SPDX-License-Identifier: GPL-2.0-only
#include "capture/tls/rustls_functions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "capture/tls/labels.h"
#include "capture/tls/recipe.h"
#include "capture/tls/symbolic_walk.h"

namespace capture::tls {
namespace {

constexpr std::string_view kMasterSecret = "CLIENT_RANDOM";
constexpr int64_t kMasterSecretLength = 48;  // RFC 5246, section 8.1
constexpr int64_t kRandomLength = 32;

// The words that log() is called with: the object, the label, the client's random and the secret,
// the last three with their lengths.
enum Word : uint32_t {
    kLabel = 1,
    kLabelLength,
    kRandom,
    kLengthOfRandom,
    kSecret,
    kSecretLength,
};

// From a label, or from will_log()'s answer, to the call.
constexpr size_t kSteps = 200;
// A function that returns a part of its argument.
constexpr size_t kStepsOfAccessor = 60;

bool may_be(const Value& value, int64_t number) {
    return value.kind == Value::Kind::kUnknown || value.is_number(number);
}

// The first call by a table of functions, which is will_log() behind the place that takes a label.
class FirstIndirectCall : public WalkVisitor {
  public:
    bool on_call(const Call& call, const State& /*state*/) override {
        if (call.target == 0 && !call.is_jump && !from_) {
            from_ = call.from;
        }
        return false;
    }
    std::optional<uint64_t> from() const { return from_; }

  private:
    std::optional<uint64_t> from_;
};

// log() of TLS 1.2: called with a label that is known, and whose lengths are.
class MasterSecretCall : public WalkVisitor {
  public:
    explicit MasterSecretCall(uint64_t label) : label_(label) {}

    bool on_call(const Call& call, const State& state) override {
        const bool is_log = call.target == 0 && !call.is_jump &&
                            state.argument(kLabel).is_number(static_cast<int64_t>(label_)) &&
                            state.argument(kLabelLength).is_number(kMasterSecret.size()) &&
                            state.argument(kLengthOfRandom).is_number(kRandomLength) &&
                            may_be(state.argument(kSecretLength), kMasterSecretLength);
        if (is_log && !from_) {
            from_ = call.from;
        }
        return false;
    }
    std::optional<uint64_t> from() const { return from_; }

  private:
    uint64_t label_;
    std::optional<uint64_t> from_;
};

struct Slice {
    Value data;
    Value length;
    bool operator==(const Slice&) const = default;
};

// What a function returns: a slice of its first argument, the same whichever way it takes. A way
// with a call in it is the one of a slice that is out of bounds, and doesn't come back.
class ReturnedSlice : public WalkVisitor {
  public:
    void on_return(const State& state) override {
        if (state.memory_has_changed()) {
            return;
        }
        const Slice now{state.get(0), state.second_result()};
        is_clear_ &= now.data.is_from_argument(0) && now.length.is_from_argument(0) &&
                     (!slice_ || *slice_ == now);
        slice_ = now;
    }
    void on_store(const Value& /*address*/, const Value& /*value*/) override { is_clear_ = false; }

    std::optional<Slice> slice() const { return is_clear_ ? slice_ : std::nullopt; }

  private:
    std::optional<Slice> slice_;
    bool is_clear_ = true;
};

// Functions that do no more than that.
class Accessors {
  public:
    Accessors(const ElfImage& image, Disassembler& disassembler)
        : image_(image), disassembler_(disassembler) {}

    std::optional<Slice> slice_of(uint64_t function) {
        const auto [known, is_new] = known_.try_emplace(function);
        if (is_new) {
            ReturnedSlice returned;
            SymbolicWalk(image_, disassembler_, returned, kStepsOfAccessor)
                .run(function, State::at_entry(image_));
            known->second = returned.slice();
        }
        return known->second;
    }

  private:
    const ElfImage& image_;
    Disassembler& disassembler_;
    std::map<uint64_t, std::optional<Slice>> known_;
};

// A value reckoned from a function's first argument, from what that argument is.
Value with_argument(const Value& value, const Value& argument) {
    Value result = argument.plus(value.offsets[0]);
    for (uint8_t i = 1; i <= value.loads; ++i) {
        result = result.loaded().plus(value.offsets[i]);
    }
    return result;
}

// log() of TLS 1.3, behind will_log()'s answer, with what it would be called with. A secret that is
// made in between is none that a probe could read.
class SecretCall : public WalkVisitor {
  public:
    explicit SecretCall(Accessors& accessors) : accessors_(accessors) {}

    struct Arguments {
        Value label;
        Value label_length;
        Value random;
        Slice secret;
        bool operator==(const Arguments&) const = default;
    };

    bool on_call(const Call& call, const State& state) override {
        if (call.target != 0) {
            called_[call.result] = {call.target, state.argument(0)};
        } else if (!call.is_jump && !state.memory_has_changed() &&
                   state.argument(kLengthOfRandom).is_number(kRandomLength)) {
            const Arguments now{state.argument(kLabel),
                                state.argument(kLabelLength),
                                state.argument(kRandom),
                                {state.argument(kSecret), state.argument(kSecretLength)}};
            is_clear_ &= !arguments_ || *arguments_ == now;
            arguments_ = now;
        }
        return false;
    }
    bool leaves_memory(uint64_t function) override {
        return accessors_.slice_of(function).has_value();
    }

    // A secret that an accessor returned is told by the accessor's argument.
    std::optional<Arguments> arguments() {
        if (!is_clear_ || !arguments_) {
            return {};
        }
        Slice& secret = arguments_->secret;
        const auto called = called_.find(secret.data.symbol);
        const bool is_result = called != called_.end() &&
                               secret.data == Value::address(called->first) &&
                               secret.length == Value::address(kSecondResultSymbol + called->first);
        if (is_result) {
            const auto slice = accessors_.slice_of(called->second.target);
            if (!slice) {
                return {};
            }
            secret = {with_argument(slice->data, called->second.argument),
                      with_argument(slice->length, called->second.argument)};
        }
        return arguments_;
    }

  private:
    struct Called {
        uint64_t target = 0;
        Value argument;  // the first
    };
    Accessors& accessors_;
    std::map<uint32_t, Called> called_;  // by the symbol of the result
    std::optional<Arguments> arguments_;
    bool is_clear_ = true;
};

class RustlsFinder {
  public:
    RustlsFinder(const ElfImage& image, Disassembler& disassembler,
                 const std::vector<Label>& labels)
        : image_(image),
          disassembler_(disassembler),
          labels_(labels),
          accessors_(image, disassembler) {}

    RustlsPlaces find() {
        RustlsPlaces places;
        for (const LabelReference& reference : find_references(image_, wanted())) {
            if (tables_.contains(reference.label)) {
                add(places.secrets, secret_behind(reference));
            } else {
                add(places.master_secrets, master_secret_behind(reference));
            }
        }
        return places;
    }

  private:
    static void add(std::vector<RustlsPlace>& places, const std::optional<RustlsPlace>& found) {
        if (found && std::ranges::none_of(places, [&](const RustlsPlace& each) {
                return each.address == found->address;
            })) {
            places.push_back(*found);
        }
    }

    // What code names: the label of TLS 1.2, and the table with those of TLS 1.3, which begins with
    // the first of them that there is (SecretKind::log_label).
    std::vector<Label> wanted() {
        std::vector<Label> named;
        for (const Label& label : labels_) {
            if (label.text == kMasterSecret) {
                named.push_back(label);
            } else if (label.text == "CLIENT_EARLY_TRAFFIC_SECRET" ||
                       label.text == "CLIENT_HANDSHAKE_TRAFFIC_SECRET") {
                if (const auto place = image_.pointer_to(label.address)) {
                    named.push_back({{}, *place});
                    tables_.insert(*place);
                }
            }
        }
        std::ranges::sort(named, {}, &Label::address);
        return named;
    }

    State state_at(const LabelReference& reference) const {
        State state(image_);
        state.set(reference.base, Value::number(static_cast<int64_t>(reference.base_value)));
        return state;
    }

    std::optional<RustlsPlace> master_secret_behind(const LabelReference& reference) {
        MasterSecretCall call(reference.label);
        SymbolicWalk(image_, disassembler_, call, kSteps)
            .run(reference.instruction, state_at(reference));
        if (!call.from()) {
            return {};
        }
        const Machine machine = image_.machine();
        RustlsPlace place{*call.from(), {}};
        place.recipe.label = called_with(machine, kLabel);
        place.recipe.label_length = called_with(machine, kLabelLength);
        place.recipe.has_label_length = true;
        place.recipe.client_random = called_with(machine, kRandom);
        place.recipe.secret = called_with(machine, kSecret);
        place.recipe.secret_length = called_with(machine, kSecretLength);
        return place;
    }

    std::optional<RustlsPlace> secret_behind(const LabelReference& reference) {
        FirstIndirectCall will_log;
        SymbolicWalk(image_, disassembler_, will_log, kSteps)
            .run(reference.instruction, state_at(reference));
        if (!will_log.from()) {
            return {};
        }
        const uint64_t answer = disassembler_.at(*will_log.from()).next();
        SecretCall call(accessors_);
        SymbolicWalk walk(image_, disassembler_, call, kSteps);
        walk.expect_pairs();
        walk.run(answer, State::at_probe(image_));
        const auto arguments = call.arguments();
        if (!arguments) {
            return {};
        }
        const auto recipe = recipe_of(*arguments);
        return recipe ? std::optional(RustlsPlace{answer, *recipe}) : std::nullopt;
    }

    std::optional<Recipe> recipe_of(const SecretCall::Arguments& arguments) const {
        const Machine machine = image_.machine();
        Recipe recipe;
        recipe.has_label_length = true;
        const std::pair<Operand*, const Value*> operands[] = {
            {&recipe.label, &arguments.label},
            {&recipe.label_length, &arguments.label_length},
            {&recipe.client_random, &arguments.random},
            {&recipe.secret, &arguments.secret.data},
            {&recipe.secret_length, &arguments.secret.length}};
        for (const auto& [operand, value] : operands) {
            const auto found = operand_at_probe(machine, *value);
            if (!found) {
                return {};
            }
            *operand = *found;
        }
        return recipe;
    }

    const ElfImage& image_;
    Disassembler& disassembler_;
    const std::vector<Label>& labels_;
    Accessors accessors_;
    std::set<uint64_t> tables_;
};

}  // namespace

RustlsPlaces find_rustls_places(const ElfImage& image, Disassembler& disassembler,
                                const std::vector<Label>& labels) {
    if (image.pointer_size() != 8) {
        return {};  // its calls are others
    }
    return RustlsFinder(image, disassembler, labels).find();
}

}  // namespace capture::tls
