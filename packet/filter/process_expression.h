// SPDX-License-Identifier: GPL-2.0-only
//
// ProcessExpression: a condition on processes, made of tests that are joined by and, or and not.
// What the options and --process say becomes one of these (docs/filters.md). An immutable value,
// cheap to copy; needs nothing but what it is asked about, so that it works on a file as well.
//
// Three-valued: of a packet without a process nothing is known that a test on processes could
// compare, and the negation of what isn't known isn't known either.
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

// Who or what is asked about: a process as it is at one end of a packet, or a packet without any.
struct ProcessSubject {
    const Process* process = nullptr;  // null: none, and `via` says why
    // These three are the packet's; the process may have others. nullopt: a file doesn't tell, and
    // a test on it is neither true nor false.
    std::optional<uint32_t> uid = 0;
    std::optional<uint32_t> gid = 0;
    std::string_view user = {};
    Via via = Via::kUnknown;  // of no meaning with a process
    // Of the process only pid and comm are told, as its child tells them: the same goes for all
    // other tests.
    bool only_named = false;
};

// The process that a pid in an expression means. In a running capture it is resolved to one
// process; in a file it means every process that has the pid.
struct ProcessReference {
    uint32_t pid = 0;
    std::optional<uint32_t> number = {};  // Process::number, once it is resolved

    bool is(const Process& process) const {
        return number ? process.number == *number : process.pid == pid;
    }
    auto operator<=>(const ProcessReference&) const = default;
};

// Knows who descends from whom.
class ProcessTrees {
  public:
    virtual ~ProcessTrees() = default;
    // Whether the process is `root` or one of its descendants.
    virtual bool contains(const ProcessReference& root, const Process& process) const = 0;
};

enum class NumberField : uint8_t { kPid, kPpid, kUid, kGid, kNetns };
enum class TextField : uint8_t { kComm, kExe, kCmdline, kUser, kCgroup, kContainer, kUnit };
enum class Comparison : uint8_t { kEqual, kBelow, kAbove };

class ProcessExpression {
  public:
    // True of everything.
    ProcessExpression() = default;

    static ProcessExpression number(NumberField field, Comparison comparison, uint32_t value);
    // The whole text matches (glob.h). Arguments of a command line are joined by one space. What
    // isn't known of a process is the empty text.
    static ProcessExpression text(TextField field, std::string pattern);
    // The process of this pid, or that and its descendants.
    static ProcessExpression process(uint32_t pid);
    static ProcessExpression tree(uint32_t pid);
    static ProcessExpression unattributed();  // no process
    static ProcessExpression kernel();        // no process, because it is the kernel's own

    // Members that are always true don't count in all_of; any_of, of one at least, is always true
    // with one.
    static ProcessExpression all_of(std::vector<ProcessExpression> members);
    static ProcessExpression any_of(std::vector<ProcessExpression> members);
    static ProcessExpression negation(const ProcessExpression& expression);  // of a condition

    bool is_always_true() const { return node_ == nullptr; }

    Truth evaluate(const ProcessSubject& subject, const ProcessTrees& trees) const;
    // Whether it can be true where there is no process.
    bool can_hold_without_process() const;

    // The same expression with each pid resolved to the process that has it now: `find` returns
    // that process's number. An error, ESRCH, if there is none.
    using FindProcess = std::function<std::optional<uint32_t>(uint32_t pid)>;
    pcapng::Result<ProcessExpression> resolved(const FindProcess& find) const;
    bool asks_about(NumberField field) const;
    // The roots of the trees that it asks about, each once.
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

// The expression of a text like: comm = "nginx*" and not uid = 0. An expression of more than
// kExpressionMax bytes, or nested deeper than kNestingMax, is refused.
constexpr size_t kExpressionMax = 65536;
constexpr int kNestingMax = 100;
std::variant<ProcessExpression, SyntaxError> parse_process_expression(std::string_view text);

}  // namespace packet
