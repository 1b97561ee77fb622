// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessExpression: a condition on processes, made of tests that are joined by and, or and not.
// The options and --process are turned into one (docs/filters.md). An immutable value, cheap to
// copy. It depends on its arguments only, so it works on live packets and on files.
//
// Three-valued: a test on the process of a packet that has none is unknown, and so is the negation
// of an unknown test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "packet/process.h"
#include "packet/via.h"
#include "pcapng/result.h"

namespace packet {

enum class Truth : uint8_t { kFalse, kUnknown, kTrue };

// What an expression is evaluated on: a process at one end of a packet, or a packet without one.
struct ProcessSubject {
    const Process* process = nullptr;  // null: none, and `via` says why
    // These three are the packet's own; the process may have changed since. nullopt: the file
    // doesn't record it, and a test on it is unknown.
    std::optional<uint32_t> uid = 0;
    std::optional<uint32_t> gid = 0;
    std::string_view user = {};
    Via via = Via::kUnknown;  // ignored if there is a process
    // Only pid and comm of the process are known, from its child's record; all other tests are
    // unknown.
    bool only_named = false;
};

// The process that a pid in an expression means. In a running capture it is resolved to one
// process; in a file it means every process that has the pid, where the capture was.
struct ProcessReference {
    uint32_t pid = 0;
    std::optional<uint32_t> number = {};  // Process::number, once it is resolved

    bool is(const Process& process) const {
        return number ? process.number == *number : process.pid == pid && process.pidns == 0;
    }
    auto operator<=>(const ProcessReference&) const = default;
};

// Answers whether a process belongs to a tree of processes.
class ProcessTrees {
  public:
    virtual ~ProcessTrees() = default;
    // Returns whether the process is `root` or one of its descendants.
    virtual bool contains(const ProcessReference& root, const Process& process) const = 0;
};

enum class NumberField : uint8_t { kPid, kPpid, kUid, kGid, kNetns, kExeInode, kMntns, kHostPid };
enum class TextField : uint8_t {
    kComm,
    kExe,
    kExeDevice,
    kCmdline,
    kUser,
    kCgroup,
    kContainer,
    kContainerName,
    kContainerImage,
    kPodName,
    kPodNamespace,
    kUnit
};
enum class Comparison : uint8_t { kEqual, kBelow, kAbove };

class ProcessExpression {
  public:
    // True of everything.
    ProcessExpression() = default;

    static ProcessExpression number(NumberField field, Comparison comparison, uint64_t value);
    // The whole text matches (glob.h). Arguments of a command line are joined by one space. An
    // unknown field is the empty text.
    static ProcessExpression text(TextField field, std::string pattern);
    // The process of this pid, or that and its descendants.
    static ProcessExpression process(uint32_t pid);
    static ProcessExpression tree(uint32_t pid);
    static ProcessExpression unattributed();  // no process
    static ProcessExpression kernel();        // no process, because it is the kernel's own

    // all_of ignores members that are always true. any_of needs at least one member, and is always
    // true if one of them is.
    static ProcessExpression all_of(std::vector<ProcessExpression> members);
    static ProcessExpression any_of(std::vector<ProcessExpression> members);
    static ProcessExpression negation(
        const ProcessExpression& expression);  // not of an always-true one

    bool is_always_true() const { return node_ == nullptr; }

    Truth evaluate(const ProcessSubject& subject, const ProcessTrees& trees) const;
    // Returns whether it can be true for a packet without a process.
    bool can_hold_without_process() const;

    // Returns the same expression with each pid resolved to the process that has it now, or an
    // error with code ESRCH if there is none. `find` returns that process's number.
    using FindProcess = std::function<std::optional<uint32_t>(uint32_t pid)>;
    pcapng::Result<ProcessExpression> resolved(const FindProcess& find) const;
    bool asks_about(NumberField field) const;
    // Returns the roots of the trees that it tests, each once.
    std::vector<ProcessReference> roots() const;

  private:
    struct Node;
    using NodePtr = std::shared_ptr<const Node>;
    explicit ProcessExpression(NodePtr node) : node_(std::move(node)) {}

    static NodePtr resolve(const NodePtr& node, const FindProcess& find,
                           std::optional<pcapng::Error>& error);

    NodePtr node_;  // null: true of everything
};

// The longest comm that the kernel keeps.
constexpr size_t kCommMax = 15;  // TASK_COMM_LEN without its NUL

struct SyntaxError {
    std::string message;
    size_t place = 0;  // in the text; its length: at the end
};

// Parses a text such as: comm = "nginx*" and not uid = 0. Returns an error if it has more than
// kExpressionMax bytes or is nested deeper than kNestingMax.
constexpr size_t kExpressionMax = 65536;
constexpr int kNestingMax = 100;
std::variant<ProcessExpression, SyntaxError> parse_process_expression(std::string_view text);

}  // namespace packet
