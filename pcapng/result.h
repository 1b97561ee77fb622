// SPDX-License-Identifier: GPL-2.0-only
//
// Result<T>: a value, or an Error that says what failed. Used for everything that the environment
// can cause (files, kernels, hostile input); our own bugs are asserts. Neither can be ignored by
// accident.
//
// An Error's message names the object and, where known, the next step:
//     "open /sys/fs/cgroup: permission denied; run as root"
// Values, no shared state: safe on any thread as far as T is.
#pragma once

#include <cassert>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace pcapng {

struct Error {
    std::string message;
    int code = 0;  // errno of the failed call, or 0 where there was none
};

// "<what>: <text of code>", code an errno.
inline Error errno_error(std::string what, int code) {
    return Error{std::move(what) + ": " + std::generic_category().message(code), code};
}

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(std::move(error)) {}

    bool ok() const { return std::holds_alternative<T>(state_); }
    explicit operator bool() const { return ok(); }

    // Return the value; calling these on an error is a bug. On a temporary they return by value, so
    // that a loop over *f() doesn't dangle.
    T& value() & {
        assert(ok());
        return *std::get_if<T>(&state_);
    }
    const T& value() const& {
        assert(ok());
        return *std::get_if<T>(&state_);
    }
    T value() && {
        assert(ok());
        return std::move(*std::get_if<T>(&state_));
    }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T operator*() && { return std::move(*this).value(); }

    // The error; calling these on a value is a bug.
    const Error& error() const& {
        assert(!ok());
        return *std::get_if<Error>(&state_);
    }
    Error&& error() && {
        assert(!ok());
        return std::move(*std::get_if<Error>(&state_));
    }

  private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : failed_(true), error_(std::move(error)) {}

    bool ok() const { return !failed_; }
    explicit operator bool() const { return ok(); }
    const Error& error() const& {
        assert(failed_);
        return error_;
    }
    Error&& error() && {
        assert(failed_);
        return std::move(error_);
    }

  private:
    bool failed_ = false;
    Error error_;
};

}  // namespace pcapng
