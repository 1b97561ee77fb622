// SPDX-License-Identifier: GPL-2.0-only
#include "packet/filter/process_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

#include "packet/filter/glob.h"

namespace packet {
namespace {

struct NumberTest {
    NumberField field;
    Comparison comparison;
    uint64_t value;
};

struct TextTest {
    TextField field;
    std::string pattern;
};

struct ProcessTest {
    ProcessReference process;
    bool descendants;
};

struct UnattributedTest {
    bool kernel_only;
};

Truth truth(bool value) {
    return value ? Truth::kTrue : Truth::kFalse;
}

Truth opposite(Truth value) {
    return static_cast<Truth>(static_cast<int>(Truth::kTrue) - static_cast<int>(value));
}

std::optional<uint64_t> number_of(const ProcessSubject& subject, NumberField field) {
    switch (field) {
        case NumberField::kPid:
            return subject.process->pidns == 0 ? std::optional<uint64_t>(subject.process->pid)
                                               : std::nullopt;
        case NumberField::kPpid:
            return subject.process->ppid.value_or(0);
        case NumberField::kUid:
            return subject.uid;
        case NumberField::kGid:
            return subject.gid;
        case NumberField::kNetns:
            return subject.process->netns;
        case NumberField::kExeInode:
            return subject.process->exe_inode;
        case NumberField::kHostPid:
            return subject.process->host_pid;
        case NumberField::kMntns:
            break;
    }
    return subject.process->mntns;
}

Truth evaluate_number(const NumberTest& test, const ProcessSubject& subject) {
    const std::optional<uint64_t> number = number_of(subject, test.field);
    if (!number) {
        return Truth::kUnknown;
    }
    switch (test.comparison) {
        case Comparison::kBelow:
            return truth(*number < test.value);
        case Comparison::kAbove:
            return truth(*number > test.value);
        case Comparison::kEqual:
            break;
    }
    return truth(*number == test.value);
}

bool holds(const TextTest& test, const ProcessSubject& subject) {
    const Process& process = *subject.process;
    switch (test.field) {
        case TextField::kComm:
            return glob_matches(test.pattern, process.comm);
        case TextField::kExe:
            return glob_matches(test.pattern, process.exe);
        case TextField::kExeDevice:
            return glob_matches(test.pattern, process.exe_device);
        case TextField::kCmdline:
            return glob_matches(test.pattern, joined_arguments(process));
        case TextField::kUser:
            return glob_matches(test.pattern, subject.user);
        case TextField::kCgroup:
            return glob_matches(test.pattern, process.cgroup);
        case TextField::kContainer:
            return glob_matches(test.pattern, process.container);
        case TextField::kContainerName:
            return glob_matches(test.pattern, process.container_name.view());
        case TextField::kContainerImage:
            return glob_matches(test.pattern, process.container_image.view());
        case TextField::kPodName:
            return glob_matches(test.pattern, process.pod_name.view());
        case TextField::kPodNamespace:
            return glob_matches(test.pattern, process.pod_namespace.view());
        case TextField::kUnit:
            break;
    }
    return glob_matches(test.pattern, process.unit);
}

bool holds(const ProcessTest& test, const Process& process, const ProcessTrees& trees) {
    return test.descendants ? trees.contains(test.process, process) : test.process.is(process);
}

// For subjects without a process, which no tree contains.
class NoTrees : public ProcessTrees {
    bool contains(const ProcessReference& /*root*/, const Process& /*process*/) const override {
        return false;
    }
};

}  // namespace

struct ProcessExpression::Node {
    struct All {
        std::vector<NodePtr> members;
    };
    struct Any {
        std::vector<NodePtr> members;
    };
    struct Not {
        NodePtr member;
    };
    std::variant<NumberTest, TextTest, ProcessTest, UnattributedTest, All, Any, Not> what;

    Truth evaluate(const ProcessSubject& subject, const ProcessTrees& trees) const;

    template <typename Test, typename Visit>
    void for_each(const Visit& visit) const;
};

Truth ProcessExpression::Node::evaluate(const ProcessSubject& subject,
                                        const ProcessTrees& trees) const {
    if (const auto* all = std::get_if<All>(&what)) {
        Truth result = Truth::kTrue;
        for (size_t i = 0; i < all->members.size() && result != Truth::kFalse; ++i) {
            result = std::min(result, all->members[i]->evaluate(subject, trees));
        }
        return result;
    }
    if (const auto* any = std::get_if<Any>(&what)) {
        Truth result = Truth::kFalse;
        for (size_t i = 0; i < any->members.size() && result != Truth::kTrue; ++i) {
            result = std::max(result, any->members[i]->evaluate(subject, trees));
        }
        return result;
    }
    if (const auto* negated = std::get_if<Not>(&what)) {
        return opposite(negated->member->evaluate(subject, trees));
    }
    if (const auto* test = std::get_if<UnattributedTest>(&what)) {
        return truth(subject.process == nullptr &&
                     (!test->kernel_only || subject.via == Via::kKernel));
    }
    if (subject.process == nullptr) {
        return Truth::kUnknown;
    }
    if (const auto* test = std::get_if<ProcessTest>(&what)) {
        return truth(holds(*test, *subject.process, trees));
    }
    if (const auto* test = std::get_if<NumberTest>(&what)) {
        return subject.only_named && test->field != NumberField::kPid
                   ? Truth::kUnknown
                   : evaluate_number(*test, subject);
    }
    const auto& test = std::get<TextTest>(what);
    const bool is_recorded =
        !subject.only_named || (test.field == TextField::kComm && !subject.process->comm.empty());
    return is_recorded ? truth(holds(test, subject)) : Truth::kUnknown;
}

template <typename Test, typename Visit>
void ProcessExpression::Node::for_each(const Visit& visit) const {
    if (const auto* test = std::get_if<Test>(&what)) {
        visit(*test);
    } else if (const auto* negated = std::get_if<Not>(&what)) {
        negated->member->template for_each<Test>(visit);
    } else if (const auto* all = std::get_if<All>(&what)) {
        for (const NodePtr& member : all->members) {
            member->template for_each<Test>(visit);
        }
    } else if (const auto* any = std::get_if<Any>(&what)) {
        for (const NodePtr& member : any->members) {
            member->template for_each<Test>(visit);
        }
    }
}

ProcessExpression ProcessExpression::number(NumberField field, Comparison comparison,
                                            uint64_t value) {
    return ProcessExpression(
        std::make_shared<const Node>(Node{NumberTest{field, comparison, value}}));
}

ProcessExpression ProcessExpression::text(TextField field, std::string pattern) {
    return ProcessExpression(
        std::make_shared<const Node>(Node{TextTest{field, std::move(pattern)}}));
}

ProcessExpression ProcessExpression::process(uint32_t pid) {
    return ProcessExpression(std::make_shared<const Node>(Node{ProcessTest{{pid}, false}}));
}

ProcessExpression ProcessExpression::tree(uint32_t pid) {
    return ProcessExpression(std::make_shared<const Node>(Node{ProcessTest{{pid}, true}}));
}

ProcessExpression ProcessExpression::unattributed() {
    return ProcessExpression(std::make_shared<const Node>(Node{UnattributedTest{false}}));
}

ProcessExpression ProcessExpression::kernel() {
    return ProcessExpression(std::make_shared<const Node>(Node{UnattributedTest{true}}));
}

ProcessExpression ProcessExpression::all_of(std::vector<ProcessExpression> members) {
    std::erase_if(members, [](const auto& member) { return member.is_always_true(); });
    if (members.size() <= 1) {
        return members.empty() ? ProcessExpression() : std::move(members.front());
    }
    Node::All all;
    for (ProcessExpression& member : members) {
        all.members.push_back(std::move(member.node_));
    }
    return ProcessExpression(std::make_shared<const Node>(Node{std::move(all)}));
}

ProcessExpression ProcessExpression::any_of(std::vector<ProcessExpression> members) {
    assert(!members.empty());
    if (std::any_of(members.begin(), members.end(),
                    [](const auto& member) { return member.is_always_true(); })) {
        return {};
    }
    if (members.size() == 1) {
        return std::move(members.front());
    }
    Node::Any any;
    for (ProcessExpression& member : members) {
        any.members.push_back(std::move(member.node_));
    }
    return ProcessExpression(std::make_shared<const Node>(Node{std::move(any)}));
}

ProcessExpression ProcessExpression::negation(const ProcessExpression& expression) {
    assert(!expression.is_always_true());
    return ProcessExpression(std::make_shared<const Node>(Node{Node::Not{expression.node_}}));
}

Truth ProcessExpression::evaluate(const ProcessSubject& subject, const ProcessTrees& trees) const {
    return node_ == nullptr ? Truth::kTrue : node_->evaluate(subject, trees);
}

bool ProcessExpression::can_hold_without_process() const {
    constexpr std::array<Via, 2> kReasons = {Via::kUnknown, Via::kKernel};
    return std::any_of(kReasons.begin(), kReasons.end(), [this](Via via) {
        return evaluate({.via = via}, NoTrees()) == Truth::kTrue;
    });
}

ProcessExpression::NodePtr ProcessExpression::resolve(const NodePtr& node, const FindProcess& find,
                                                      std::optional<pcapng::Error>& error) {
    const auto each = [&](const std::vector<NodePtr>& members) {
        std::vector<NodePtr> resolved;
        resolved.reserve(members.size());
        for (const NodePtr& member : members) {
            resolved.push_back(resolve(member, find, error));
        }
        return resolved;
    };
    if (const auto* test = std::get_if<ProcessTest>(&node->what)) {
        const uint32_t pid = test->process.pid;
        const std::optional<uint32_t> number = find(pid);
        if (!number && !error) {
            error = pcapng::Error{fmt::format("process {}: no such process", pid), ESRCH};
        }
        return std::make_shared<const Node>(Node{ProcessTest{{pid, number}, test->descendants}});
    }
    if (const auto* negated = std::get_if<Node::Not>(&node->what)) {
        return std::make_shared<const Node>(Node{Node::Not{resolve(negated->member, find, error)}});
    }
    if (const auto* all = std::get_if<Node::All>(&node->what)) {
        return std::make_shared<const Node>(Node{Node::All{each(all->members)}});
    }
    if (const auto* any = std::get_if<Node::Any>(&node->what)) {
        return std::make_shared<const Node>(Node{Node::Any{each(any->members)}});
    }
    return node;
}

pcapng::Result<ProcessExpression> ProcessExpression::resolved(const FindProcess& find) const {
    if (node_ == nullptr) {
        return *this;
    }
    std::optional<pcapng::Error> error;
    ProcessExpression result(resolve(node_, find, error));
    if (error) {
        return *std::move(error);
    }
    return result;
}

bool ProcessExpression::asks_about(NumberField field) const {
    bool found = false;
    if (node_ != nullptr) {
        node_->for_each<NumberTest>(
            [&](const NumberTest& test) { found = found || test.field == field; });
    }
    return found;
}

std::vector<ProcessReference> ProcessExpression::roots() const {
    std::vector<ProcessReference> roots;
    if (node_ != nullptr) {
        node_->for_each<ProcessTest>([&roots](const ProcessTest& test) {
            if (test.descendants) {
                roots.push_back(test.process);
            }
        });
    }
    std::sort(roots.begin(), roots.end());
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
    return roots;
}

}  // namespace packet
